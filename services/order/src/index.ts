import { defineService } from "@plinth/kernel/service";

export default defineService(import.meta.url, () => undefined);
