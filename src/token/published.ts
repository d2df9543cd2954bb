/** The objects of the product's own namespace through which the two roles meet. */

/** The Secret that holds the private key set. Only the controller may read it. */
export const signingKeysSecret = 'receiver-hooks-signing-keys'

/** The ConfigMap that holds the public key set, made from the Secret. Triggers verify with it. */
export const publicKeysConfigMap = 'receiver-hooks-public-keys'

/** The key of both, under which the set stands as a JWKS (RFC 7517, section 5). */
export const keySetEntry = 'jwks.json'

/** On the ConfigMap: the resourceVersion of the Secret that it was made from. */
export const secretVersionAnnotation = 'receiverhooks.dev/secret-version'

/** The Lease of the controller's election. */
export const controllerLease = 'receiver-hooks-controller'

/** Where is posted to, below the public URL, with the token in the header `Authorization`. */
export const endpointPath = '/v1/trigger'

/** What comes before the token in the path of a trigger URL. */
export const triggerPath = `${endpointPath}/`
