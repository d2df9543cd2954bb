/** The node's own address, on a bridge that no packet leaves. */
export const nodeAddress = '10.200.0.1'

/** Pods get theirs of these. */
export const podRange = '10.244.0.0/24'

/** The registry of images, as the container runtime asks it. */
export const registryAddress = '127.0.0.1:5000'

/** Names of Services end like this. */
export const clusterDomain = 'cluster.local'

export const nodeName = 'node-1'
