package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// settled is how long nothing must have been asked for before the lists count as read: tidegate reads them one after
// the other, without a pause.
const settled = 500 * time.Millisecond

// patience is how long a client may take to read them.
const patience = 30 * time.Second

// serveAnswers serves the API of an agent on a unix socket. ready waits until every list has been read.
func serveAnswers(name, socket string) (ready func(), err error) {
	lists, err := readAnswers(name)
	if err != nil {
		return nil, err
	}
	unix, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	api := &answeringApi{lists: lists, asked: map[string]bool{}, last: time.Now()}
	go func() { _ = http.Serve(unix, api) }()
	return api.wait, nil
}

// answeringApi answers GET by path.
type answeringApi struct {
	lists answers

	lock  sync.Mutex
	asked map[string]bool
	last  time.Time
}

func (a *answeringApi) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	defer a.note(request.URL.Path)
	body, found := a.lists[request.URL.Path]
	if number, isIdentity := strings.CutPrefix(request.URL.Path, "/v1/identity/"); isIdentity {
		body, found = a.lists.identity(number)
	}
	if !found {
		response.WriteHeader(http.StatusNotFound)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	_, _ = response.Write(body)
}

func (a *answeringApi) note(path string) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.asked[path], a.last = true, time.Now()
}

// wait returns when every list has been read and nothing has been asked for since a while.
func (a *answeringApi) wait() {
	for deadline := time.Now().Add(patience); !a.isRead(); time.Sleep(settled / 10) {
		if time.Now().After(deadline) {
			fmt.Fprintln(os.Stderr, "serve: the client has not read all lists; the stream begins without them")
			return
		}
	}
}

func (a *answeringApi) isRead() bool {
	a.lock.Lock()
	defer a.lock.Unlock()
	for path := range a.lists {
		if !a.asked[path] {
			return false
		}
	}
	return time.Since(a.last) > settled
}
