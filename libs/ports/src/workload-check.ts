/** One way to see whether the managed application of this host does its job. */
export interface WorkloadCheck {
  /** Resolves within the check's own time, whatever the application does; never rejects. One at a time. */
  look(): Promise<{ well: boolean; what: string }>;
  /** Gives up a look that is under way: no socket or process of it is left. */
  close(): void;
}
