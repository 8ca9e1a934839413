// A server that speaks MongoDB's protocol, for tests: FerretDB over SQLite files in a folder. It prints its
// URL when it listens, and ends on SIGTERM, or with -until-eof when its standard input ends: no server is left
// by tests that were killed. FerretDB's own command panics when it is built as a dependency.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "host and port; port 0 takes a free one")
	folder := flag.String("data", "", "folder of the databases; it must exist")
	untilEof := flag.Bool("until-eof", false, "end when standard input ends")
	flag.Parse()
	if *folder == "" {
		log.Fatal("-data FOLDER is missing")
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if *untilEof {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}

	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: *address},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		// What a killed server wrote is there; a crash of the machine may lose it, for some 10 ms less a write.
		SQLiteURL: "file:" + *folder + "/?_pragma=synchronous(off)",
	})
	if err != nil {
		log.Fatal(err)
	}

	go func() { fmt.Println(server.MongoDBURI()) }()

	if err := server.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
