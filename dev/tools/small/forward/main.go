// Forward carries TCP connections from one address to another: forward 127.0.0.1:30080 10.200.0.11:30080.
//
// It brings a node's port to the machine's loopback without a packet filter rule on the machine. Bytes are moved by the
// kernel (splice), each direction is closed by itself, and a reset on one side is passed on as one.
package main

import (
	"errors"
	"io"
	"log"
	"net"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: forward LISTEN-ADDRESS TARGET-ADDRESS")
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			log.Fatal(err)
		}
		if err != nil {
			// Out of file descriptors, mostly, as callers wait for a gateway that answers nobody: some will give up.
			log.Print(err)
			time.Sleep(50 * time.Millisecond)
			continue
		}
		go serve(client.(*net.TCPConn), os.Args[2])
	}
}

func serve(client *net.TCPConn, target string) {
	defer client.Close()
	connection, err := net.Dial("tcp", target)
	if err != nil {
		log.Print(err)
		_ = client.SetLinger(0) // the client shall see a reset, not an empty answer
		return
	}
	server := connection.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{}, 2)
	go carry(server, client, done)
	go carry(client, server, done)
	<-done
	<-done
}

// carry copies until `from` ends, then tells `to` that no more will come.
func carry(to, from *net.TCPConn, done chan<- struct{}) {
	if _, err := io.Copy(to, from); err != nil {
		_ = to.SetLinger(0)
		_ = to.Close()
		_ = from.Close()
	} else {
		_ = to.CloseWrite()
	}
	done <- struct{}{}
}
