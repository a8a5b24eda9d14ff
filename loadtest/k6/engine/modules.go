package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/grafana/sobek"
)

// resolve gives the script k6's modules, as far as it uses them; any other is an error, as in k6.
func (u *user) resolve(_ any, name string) (sobek.ModuleRecord, error) {
	modules := map[string]func() map[string]any{
		"k6":           func() map[string]any { return map[string]any{"sleep": sleep} },
		"k6/crypto":    func() map[string]any { return map[string]any{"randomBytes": u.randomBytes} },
		"k6/execution": u.execution,
		"k6/http":      func() map[string]any { return map[string]any{"request": u.request} },
		"k6/metrics":   u.metrics,
	}
	exports, ok := modules[name]
	if !ok {
		return nil, fmt.Errorf("unknown module: %s", name)
	}
	if u.modules[name] == nil {
		u.modules[name] = &module{exports: exports()}
	}
	return u.modules[name], nil
}

func sleep(seconds float64) {
	time.Sleep(time.Duration(seconds * float64(time.Second)))
}

func (u *user) randomBytes(size int) sobek.ArrayBuffer {
	bytes := make([]byte, size)
	_, _ = rand.Read(bytes)
	return u.runtime.NewArrayBuffer(bytes)
}

// execution has accessors, because its values change from call to call.
func (u *user) execution() map[string]any {
	scenario := u.runtime.NewObject()
	for name, get := range map[string]func() any{
		"name":            func() any { return u.scenario.name },
		"startTime":       func() any { return u.scenario.start.UnixMilli() },
		"iterationInTest": func() any { return u.scenario.iteration },
	} {
		getter := u.runtime.ToValue(get)
		err := scenario.DefineAccessorProperty(name, getter, nil, sobek.FLAG_FALSE, sobek.FLAG_TRUE)
		if err != nil {
			panic(u.runtime.NewGoError(err))
		}
	}
	abort := func(reason string) { u.runtime.Interrupt(errors.New("aborted: " + reason)) }
	return map[string]any{"scenario": scenario, "test": map[string]any{"abort": abort}}
}

func (u *user) metrics() map[string]any {
	constructor := func(kind string) func(sobek.ConstructorCall) *sobek.Object {
		return func(call sobek.ConstructorCall) *sobek.Object {
			name := call.Argument(0).String()
			u.test.registry.kinds[name] = kind
			add := func(value sobek.Value, tags map[string]string) {
				all := map[string]string{"scenario": u.scenario.name}
				for tag, text := range tags {
					all[tag] = text
				}
				u.test.registry.add(sample{name, value.ToFloat(), all})
			}
			if err := call.This.Set("add", add); err != nil {
				panic(u.runtime.NewGoError(err))
			}
			return nil
		}
	}
	return map[string]any{
		"Counter": constructor(counter),
		"Rate":    constructor(rate),
		"Trend":   constructor(trend),
	}
}

// params are those of k6's requests that the script uses; a redirect is followed only where it says so.
type params struct {
	Headers   map[string]string
	Redirects *int
	Timeout   float64
}

// Codes of k6, https://grafana.com/docs/k6/latest/javascript-api/error-codes/
const (
	timeoutCode = 1050
	genericCode = 1000
)

func (u *user) request(method, url string, body sobek.Value, given sobek.Value) map[string]any {
	var asked params
	if err := u.runtime.ExportTo(u.lowerCase(given), &asked); err != nil {
		panic(u.runtime.NewGoError(err))
	}
	if asked.Redirects == nil || *asked.Redirects != 0 {
		panic(u.runtime.NewTypeError("redirects must be 0"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(asked.Timeout*1e6))
	defer cancel()
	var content io.Reader
	if !sobek.IsNull(body) {
		content = strings.NewReader(body.String())
	}
	request, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		panic(u.runtime.NewGoError(err))
	}
	for name, value := range asked.Headers {
		request.Header.Set(name, value)
		if http.CanonicalHeaderKey(name) == "Host" {
			request.Host = value
		}
	}
	return send(request)
}

// lowerCase copies an object with the names of its properties as Go spells those of params.
func (u *user) lowerCase(given sobek.Value) sobek.Value {
	from, to := given.ToObject(u.runtime), u.runtime.NewObject()
	for _, key := range from.Keys() {
		name := strings.ToUpper(key[:1]) + key[1:]
		if err := to.Set(name, from.Get(key)); err != nil {
			panic(u.runtime.NewGoError(err))
		}
	}
	return to
}

var client = http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func send(request *http.Request) map[string]any {
	started := time.Now()
	status, headers, body, err := exchange(request)
	code := 0
	switch {
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		code = timeoutCode
	case err != nil:
		code = genericCode
	case status >= http.StatusBadRequest:
		code = genericCode + status
	}
	tookMs := float64(time.Since(started)) / float64(time.Millisecond)
	return map[string]any{
		"status": status, "headers": headers, "body": body, "error_code": code,
		"timings": map[string]any{"duration": tookMs},
	}
}

func exchange(request *http.Request) (int, map[string]string, any, error) {
	headers := map[string]string{}
	response, err := client.Do(request)
	if err != nil {
		return 0, headers, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	for name, values := range response.Header {
		headers[name] = strings.Join(values, ", ")
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, headers, nil, fmt.Errorf("body: %w", err)
	}
	return response.StatusCode, headers, string(body), nil
}
