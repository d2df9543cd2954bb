/** What a run of test/node gets from run.ts. */
export interface Work {
  /** Where everything of the run is kept, and removed in the end. */
  readonly folder: string
  /** The control group of the node's pods. */
  readonly cgroup: string
}

const folderVariable = 'RECEIVER_HOOKS_NODE_FOLDER'
const cgroupVariable = 'RECEIVER_HOOKS_NODE_CGROUP'

export const workVariables = ({ cgroup, folder }: Work): Readonly<Record<string, string>> => ({
  [folderVariable]: folder,
  [cgroupVariable]: cgroup,
})

/** Reads what run.ts has set. Throws where these tests are started otherwise. */
export const workFolder = (env: Readonly<Record<string, string | undefined>>): Work => {
  const [folder, cgroup] = [env[folderVariable], env[cgroupVariable]]
  if (folder === undefined || cgroup === undefined)
    throw new Error('start these tests with "npm run test:long -- node"')
  return { folder, cgroup }
}
