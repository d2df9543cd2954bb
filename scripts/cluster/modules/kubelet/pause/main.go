// Command pause waits until it is told to end: it holds the namespaces of a pod, and stands for a program that has nothing to do.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
}
