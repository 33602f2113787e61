/** What the command line uses of the operator; its own process begins in main.ts. */
export {};
