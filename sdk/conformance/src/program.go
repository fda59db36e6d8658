package main

import (
	"fmt"
	"math"
	"os"
	"strings"

	"aether"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// fill says steps until the disk is full, makes room by removing a file, and goes on where it was.
func fill(ballast string) {
	run, err := aether.Begin("conformance", "full")
	must(err)
	for step, last := uint64(0), uint64(math.MaxUint64); step < last; {
		err = run.Log(step, map[string]float64{"loss": float64(step), fmt.Sprintf("m/%d", step): 1})
		if err == nil {
			step++
			continue
		}
		must(os.Remove(ballast))
		last = step + 100
	}
	must(run.Finish())
}

func main() {
	if ballast := os.Getenv("AETHER_CONFORMANCE_BALLAST"); ballast != "" {
		fill(ballast)
		return
	}
	run, err := aether.Begin("conformance", "größe \"one\"")
	must(err)
	for step := uint64(1); step <= 100; step++ {
		must(run.Log(step, map[string]float64{"loss": 1 / float64(step), "größe/λ": -0.5 * float64(step)}))
	}
	special := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 5e-324}
	for i, value := range special {
		must(run.Log(uint64(101+i), map[string]float64{"loss": value}))
	}
	must(run.Log(1<<53, map[string]float64{"huge": 1}))
	must(run.Log(0, map[string]float64{"huge": 0}))
	must(run.Log(1, map[string]float64{"two\nlines\t\"quoted\"": 1}))
	many := map[string]float64{}
	for i := 0; i < 5000; i++ {
		many[fmt.Sprintf("many/%d", i)] = float64(i)
	}
	must(run.Log(7, many))
	must(run.Event("note", "warning", 3, "a \"quoted\"\nline, größer", map[string]any{
		"number": 0.1, "whole": 3, "text": "ü\t", "truth": true, "nan": math.NaN(), "list": []float64{1, 2.5},
	}))
	must(run.Event("config", "info", 0, "Parameters", map[string]any{"lr": 0.01, "layers": 3}))
	must(run.Event("long", "info", 0, "x", map[string]any{"text": strings.Repeat("x", 2<<20)}))
	_, err = run.Artifact(os.Args[1], "model", "model")
	must(err)
	must(run.Finish())
}
