import type { DescMethod, DescService, FileRegistry } from "@bufbuild/protobuf";
import type { Client } from "@grpc/grpc-js";
import { didYouMean } from "@plinth/module";
import { UsageError } from "../usage-error.ts";
import { describeService, listServices } from "./reflection.ts";

export interface FoundService {
  readonly service: DescService;
  readonly registry: FileRegistry;
}

/** A service by its full name, or by the part behind the package: `BlogService`. */
export async function findService(client: Client, wanted: string): Promise<FoundService> {
  const names = await listServices(client);
  const found = names.filter((name) => name === wanted || name.endsWith(`.${wanted}`));
  const [name] = found;
  if (name === undefined) {
    const near = didYouMean(wanted, [...names, ...names.map((each) => each.split(".").at(-1) ?? "")]);
    throw new UsageError(
      `There is no service ${wanted}. ${near === undefined ? `There are: ${names.join(", ")}` : `Did you mean ${near}?`}`,
    );
  }
  if (found.length > 1) throw new UsageError(`${wanted} may be each of ${found.join(", ")}. Give the full name.`);
  const registry = await describeService(client, name);
  const service = registry.getService(name);
  if (service === undefined) throw new Error(`The server's description of ${name} lacks ${name}.`);
  return { service, registry };
}

/** A method by `<Service>/<Method>`. */
export async function findMethod(client: Client, wanted: string): Promise<{ method: DescMethod; registry: FileRegistry }> {
  const [serviceName, methodName, ...rest] = wanted.split("/");
  if (!serviceName || !methodName || rest.length > 0) throw new UsageError(`${wanted} is no method. Write it as BlogService/ListPosts.`);
  const { service, registry } = await findService(client, serviceName);
  const names = service.methods.map(({ name }) => name);
  const method = service.methods.find(({ name }) => name === methodName);
  if (method === undefined) {
    const near = didYouMean(methodName, names);
    throw new UsageError(
      `${service.typeName} has no method ${methodName}. ${near === undefined ? `It has: ${names.join(", ")}` : `Did you mean ${near}?`}`,
    );
  }
  return { method, registry };
}
