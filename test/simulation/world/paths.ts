import { apiVersion } from '../../../src/api/names.ts'
import { controllerLease } from '../../../src/token/published.ts'

/** Where the hooks and their targets are, and where the product is. */
export const shop = 'shop'
export const system = 'receiver-hooks'

export const hooksPath = `/apis/${apiVersion}/namespaces/${shop}/receiverhooks`
export const deploymentsPath = `/apis/apps/v1/namespaces/${shop}/deployments`
export const autoscalersPath = `/apis/autoscaling/v2/namespaces/${shop}/horizontalpodautoscalers`
export const cronJobsPath = `/apis/batch/v1/namespaces/${shop}/cronjobs`
export const jobsPath = `/apis/batch/v1/namespaces/${shop}/jobs`
export const servicesPath = `/api/v1/namespaces/${shop}/services`
export const accountsPath = `/api/v1/namespaces/${shop}/serviceaccounts`
export const secretsPath = `/api/v1/namespaces/${shop}/secrets`
export const systemSecretsPath = `/api/v1/namespaces/${system}/secrets`
export const systemConfigMapsPath = `/api/v1/namespaces/${system}/configmaps`
export const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${system}/leases/${controllerLease}`
