/** Every limit with a name and a unit. A limit that is reached refuses; it never shortens silently. */
export const LIMITS = {
  /** Entity keys, attributes, names: characters. */
  entityChars: 512,
  attributeChars: 128,
  nameChars: 128,
  reasonChars: 2_000,
  /** One fact value as canonical JSON, bytes. */
  valueBytes: 1_048_576,
  /** Nesting of any JSON that comes in. */
  jsonDepth: 64,
  factsPerObservation: 50_000,
  /** One request body, bytes. */
  requestBytes: 16 * 1024 * 1024,
  queryDefault: 100,
  queryMax: 1_000,
  /** One MCP answer's structured content, bytes; the rest goes on with `nextCursor`. */
  mcpAnswerBytes: 32 * 1024,
  /** One event, bytes (C2SP tlog-tiles entries carry a 16-bit length). */
  eventBytes: 65_535,
  checkpointEveryEvents: 64,
  checkpointEveryMs: 60_000,
  /** `fleet.yaml`, bytes and targets. */
  inventoryBytes: 4 * 1024 * 1024,
  inventoryTargets: 20_000,
  collectorTimeoutMs: 20_000,
  collectorBytes: 8 * 1024 * 1024,
  collectorFacts: 20_000,
  /** Open connections of the HTTP port: far below what a process may have of files, whoever knocks. */
  httpConnections: 512,
  /** From the first byte of a request to the end of its headers, and to the end of its body. */
  httpHeadersMs: 10_000,
  httpRequestMs: 60_000,
  /** All headers of one request together, bytes. */
  httpHeaderBytes: 16 * 1024,
  mcpSessions: 256,
  mcpSessionIdleMs: 30 * 60_000,
  /** What one lease may have open of MCP: sessions, calls that are being answered, streams. */
  mcpSessionsEach: 32,
  mcpCallsEach: 32,
  mcpListens: 16,
  /** All leases together, below what the port takes of connections. */
  mcpCalls: 256,
  mcpAllListens: 192,
} as const satisfies Record<string, number>;
