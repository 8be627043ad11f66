//go:build !cgo

package main

import (
	"context"
	"net/http"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

func openMattn(context.Context, protocol.Server) (http.Handler, error) { return nil, errAbsent }
