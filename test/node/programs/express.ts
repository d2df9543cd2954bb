/** express and nothing else, ready as soon as it listens: what a start costs at least. */
import express from 'express'

const app = express()
app.get('/readyz', (_request, response) => void response.json({ ready: true }))
app.listen(8081, '0.0.0.0')
