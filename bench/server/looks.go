package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/bench/protocol"
	"github.com/coatcheck/coatcheck/flow/flowlog"
	"github.com/coatcheck/coatcheck/inspector"
	"github.com/coatcheck/coatcheck/metrics"
)

// looked is the handler of a site with who looks at its requests outermost, as in coatcheck serve.
func looked(site *coatcheck.Site, at string, control controls) (http.Handler, error) {
	pages := Pages(site)
	switch at {
	case "":
		return site.Handler(pages), nil
	case "log", "log-debug":
		void, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		level := slog.LevelInfo
		if at == "log-debug" {
			level = slog.LevelDebug
		}
		log := slog.New(slog.NewJSONHandler(void, &slog.HandlerOptions{Level: level}))
		return flowlog.New(log)(site.Handler(pages)), nil
	case "metrics":
		return metrics.New(site).Record(site.Handler(pages)), nil
	case "inspector":
		i, err := inspector.New(inspector.Config{Kit: site.Views.Kit})
		if err != nil {
			return nil, err
		}
		control["GET "+protocol.EventsPath] = site.Handler(i).ServeHTTP
		return i.Record(site.Handler(pages)), nil
	}
	return nil, fmt.Errorf("nobody looks by %q", at)
}
