/** Returns how many runs of a property are made. `npm run test:long -- properties` makes ten times as many as `npm test`. */
export const runs = (usual: number): number => usual * Number(process.env['RUNS'] ?? 1)
