import type { ResourceType } from '../../src/kube/paths.ts'
import { definitionOf } from './definition.ts'

/** Of a project that nobody else has heard of: its count is in `spec.size`. */
export const fleets: ResourceType = { group: 'counts.example.com', version: 'v1', resource: 'fleets', kind: 'Fleet' }

/** The same without /scale. */
export const rafts: ResourceType = { group: 'counts.example.com', version: 'v1', resource: 'rafts', kind: 'Raft' }

const schemaUpTo = (most: number): object => ({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { size: { type: 'integer', minimum: 0, maximum: most }, colour: { type: 'string' } },
    },
    status: { type: 'object', properties: { size: { type: 'integer' } } },
  },
})

/** How many ships a fleet has at most where nothing else is said. */
const fewShips = 50

/** Defines {@link fleets} of at most so many ships. */
export const fleetDefinitionUpTo = (most: number): object =>
  definitionOf(fleets, schemaUpTo(most), {
    subresources: { scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' }, status: {} },
  })

export const fleetDefinition = fleetDefinitionUpTo(fewShips)

export const raftDefinition: object = definitionOf(rafts, schemaUpTo(fewShips))
