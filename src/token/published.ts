/** This file names the objects in the installation's namespace that both roles use. */

/** The Secret with the private key set. Only the controller may read it. */
export const signingKeysSecret = 'receiver-hooks-signing-keys'

/**
 * The ConfigMap with the public key set. The controller makes it from the Secret; triggers verify
 * with it.
 */
export const publicKeysConfigMap = 'receiver-hooks-public-keys'

/** The key under which the Secret and the ConfigMap store their JWKS (RFC 7517, section 5). */
export const keySetEntry = 'jwks.json'

/** The annotation of the ConfigMap with the resourceVersion of the Secret from which it was made. */
export const secretVersionAnnotation = 'receiverhooks.dev/secret-version'

/** The Lease of the controller's election. */
export const controllerLease = 'receiver-hooks-controller'

/** The path for posts with the token in the header `Authorization`, below the public URL. */
export const endpointPath = '/v1/trigger'

/** The path before the token in a trigger URL. */
export const triggerPath = `${endpointPath}/`

/** The path before the namespace in a URL with a hook's name. */
export const hooksPath = '/v1/hooks/'

/** Returns the path of a hook whose URL has its name. */
export const namedPath = (namespace: string, name: string): string => `${hooksPath}${namespace}/${name}`
