// SPDX-License-Identifier: MIT
// tests/bench/bifrost/main.go - Bifrost's Go core as side_by_side.py measures its peers: calls one after the other, then
// streams, against a server that is there already. side_by_side.py builds it in the build folder.
//
//	bifrost_peer BASE_URL CALLS STREAMS
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	bifrost "github.com/maximhq/bifrost/core"
	"github.com/maximhq/bifrost/core/schemas"
)

type account struct{ address string }

func (account) GetConfiguredProviders() ([]schemas.ModelProvider, error) {
	return []schemas.ModelProvider{schemas.OpenAI}, nil
}

func (account) GetKeysForProvider(*context.Context, schemas.ModelProvider) ([]schemas.Key, error) {
	return []schemas.Key{{ID: "bench", Value: "none", Models: []string{"gpt-4o-mini"}, Weight: 1}}, nil
}

func (a account) GetConfigForProvider(schemas.ModelProvider) (*schemas.ProviderConfig, error) {
	network := schemas.DefaultNetworkConfig
	network.BaseURL = a.address
	return &schemas.ProviderConfig{NetworkConfig: network,
		ConcurrencyAndBufferSize: schemas.DefaultConcurrencyAndBufferSize}, nil
}

func cpu() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// What the kernel says this process held at most.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	for _, line := range strings.Split(string(status), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			must(err)
			return kib * 1024
		}
	}
	return 0
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bifrost_peer:", err)
		os.Exit(2)
	}
}

func mustAnswer(failed *schemas.BifrostError) {
	if failed != nil {
		said, _ := json.Marshal(failed)
		must(fmt.Errorf("%s", said))
	}
}

func request() *schemas.BifrostChatRequest {
	words := "What did the quick brown fox do after it had jumped?"
	return &schemas.BifrostChatRequest{Provider: schemas.OpenAI, Model: "gpt-4o-mini",
		Input: []schemas.ChatMessage{{Role: schemas.ChatMessageRoleUser,
			Content: schemas.ChatMessageContent{ContentStr: &words}}}}
}

func chats(client *bifrost.Bifrost, calls int) {
	for i := 0; i < calls; i++ {
		reply, failed := client.ChatCompletionRequest(context.Background(), request())
		mustAnswer(failed)
		if len(reply.Choices) != 1 {
			must(fmt.Errorf("a reply is not whole"))
		}
	}
}

func streams(client *bifrost.Bifrost, count int) []float64 {
	var firsts []float64
	for i := 0; i < count; i++ {
		began := time.Now()
		pieces, failed := client.ChatCompletionStreamRequest(context.Background(), request())
		mustAnswer(failed)
		begun := false
		for piece := range pieces {
			mustAnswer(piece.BifrostError)
			if begun || piece.BifrostResponse == nil || len(piece.Choices) == 0 {
				continue
			}
			choice := piece.Choices[0].BifrostStreamResponseChoice
			if choice != nil && choice.Delta.Content != nil && *choice.Delta.Content != "" {
				begun = true
				firsts = append(firsts, float64(time.Since(began).Nanoseconds())/1e3)
			}
		}
		if !begun {
			must(fmt.Errorf("a stream had no text"))
		}
	}
	return firsts
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/maximhq/bifrost/core" {
				return module.Version
			}
		}
	}
	return "unknown"
}

func main() {
	calls, err := strconv.Atoi(os.Args[2])
	must(err)
	count, err := strconv.Atoi(os.Args[3])
	must(err)
	// Bifrost adds the version's path itself.
	address := strings.TrimSuffix(os.Args[1], "/v1")
	client, err := bifrost.Init(context.Background(), schemas.BifrostConfig{Account: account{address},
		Logger: bifrost.NewDefaultLogger(schemas.LogLevelError)})
	must(err)
	chats(client, calls/10+1)
	streams(client, 2)
	start := cpu()
	chats(client, calls)
	between := cpu()
	firsts := streams(client, count)
	end := cpu()
	sort.Float64s(firsts)
	line, err := json.Marshal(map[string]any{
		"version":           version(),
		"cpu_us_per_call":   float64((between - start).Nanoseconds()) / 1e3 / float64(calls),
		"cpu_us_per_stream": float64((end - between).Nanoseconds()) / 1e3 / float64(count),
		"first_token_us":    firsts[len(firsts)/2],
		"peak_memory_bytes": peak()})
	must(err)
	fmt.Println(string(line))
	client.Shutdown()
}
