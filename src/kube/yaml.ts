/** The part of yaml that is needed here. Imported on demand, and under a name: a bundle gives a CommonJS module none. */
export { parseDocument } from 'yaml'
