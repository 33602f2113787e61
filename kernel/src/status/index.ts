export {
  codeOfStatus,
  decodeStatusDetails,
  ERROR_DOMAIN,
  encodeStatusDetails,
  errorOfStatus,
  GRPC_STATUS,
  statusMessage,
  statusOfError,
} from "./status-details.ts";
