// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"runtime/cgo"
	"time"
)

// Progress is asked with done of total units, never from two goroutines at once; false stops the call.
type Progress func(done, total uint64) bool

//export goSkepProgress
func goSkepProgress(handle C.uintptr_t, done, total C.uint64_t) C.int32_t {
	if cgo.Handle(handle).Value().(Progress)(uint64(done), uint64(total)) {
		return 0
	}
	return 1
}

// stoppable makes a call that ctx or progress may stop; a stopped call changes nothing. While it runs a
// goroutine waits for the context and triggers the C switch.
func stoppable(ctx context.Context, progress Progress, call func(C.go_call, *C.skep_error) C.skep_status) error {
	var plain C.go_call
	if progress != nil {
		handle := cgo.NewHandle(progress)
		defer handle.Delete()
		plain.progress = C.uintptr_t(handle)
	}
	if deadline, hasDeadline := ctx.Deadline(); hasDeadline {
		plain.timeout_ns = 1
		if left := time.Until(deadline); left > 0 {
			plain.timeout_ns = C.uint64_t(left)
		}
	}
	if ctx.Done() != nil {
		err := check(func(e *C.skep_error) C.skep_status { return C.skep_cancel_create(&plain.cancel, e) })
		if err != nil {
			return err
		}
		defer C.skep_cancel_destroy(plain.cancel)
		if errors.Is(ctx.Err(), context.Canceled) {
			C.skep_cancel_trigger(plain.cancel)
		} else {
			defer watch(ctx, plain.cancel)()
		}
	}
	err := check(func(e *C.skep_error) C.skep_status { return call(plain, e) })
	return because(ctx, err)
}

// watch triggers the switch when the context ends; the function it returns ends the watch.
func watch(ctx context.Context, cancel *C.skep_cancel) (stop func()) {
	finished, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-ctx.Done():
			C.skep_cancel_trigger(cancel)
		case <-finished:
		}
	}()
	return func() {
		close(finished)
		<-ended
	}
}

// because names the context's error as the cause of a stop. A deadline may be noticed by the switch first.
func because(ctx context.Context, err error) error {
	var failed *Error
	if !errors.As(err, &failed) || (failed.Status != Cancelled && failed.Status != DeadlineExceeded) {
		return err
	}
	switch {
	case failed.Status == DeadlineExceeded:
		failed.cause = context.DeadlineExceeded
	case ctx.Err() != nil:
		failed.cause = ctx.Err()
		if errors.Is(failed.cause, context.DeadlineExceeded) {
			failed.Status = DeadlineExceeded
		}
	}
	return failed
}
