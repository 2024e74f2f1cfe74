/** What a cell waits for before its command can be sent; `text` is a sentence for the user and names host or cluster. */
export interface Stage {
  readonly waitsFor: 'workspace' | 'cluster' | 'libraries' | 'context';
  readonly text: string;
}
