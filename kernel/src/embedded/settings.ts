/**
 * Server settings for a laptop: little memory while idle, short queries, and nothing reachable from outside.
 * `fast` gives up durability, for tests only.
 */
export function serverSettings(port: number, fast: boolean): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    max_connections: 300,
    shared_buffers: "64MB",
    // Reads go straight to the file: the worker processes of the default cost memory and win only on slow disks.
    io_method: "sync",
    // No replicas here, so the log need not be enough to rebuild one.
    wal_level: "minimal",
    max_wal_senders: 0,
    max_wal_size: "512MB",
    checkpoint_timeout: "15min",
    // Planning a compilation costs more than our short queries take.
    jit: "off",
    random_page_cost: 1.1,
    // Our passwords are 192 random bits: stretching them adds milliseconds to each connection and no safety.
    scram_iterations: 16,
    timezone: "UTC",
    lc_messages: "C",
    log_timezone: "UTC",
    log_line_prefix: "",
    log_checkpoints: "off",
    // Statements with their values would bring personal data into the log; failed ones reach the caller anyway.
    log_min_error_statement: "panic",
    // Refused statements are the service's business: it logs them with their request.
    log_min_messages: "log",
  };
  if (fast) Object.assign(settings, { fsync: "off", synchronous_commit: "off", full_page_writes: "off" });
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
