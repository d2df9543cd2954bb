// Runs on any Node, so it is plain JavaScript. Linux and Windows get Node 24 from npm; elsewhere it is the machine's own.
import process from 'node:process'

const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    `This takes Node 24 or later, and npm has none for ${process.platform} ${process.arch}: ` +
      `install it from https://nodejs.org and run the command again (this is Node ${process.versions.node}).`,
  )
  process.exit(1)
}
