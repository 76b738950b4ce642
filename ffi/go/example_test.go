// Runnable examples of the package's documentation.

package taskwire_test

import (
	"errors"
	"fmt"
	"log"

	"taskwire.dev/taskwire"
)

func Example() {
	// Both sides in one program, and a slice in place of a network.
	controller, err := taskwire.NewController(taskwire.ControllerConfig{Name: "control", Term: 1, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer controller.Close()
	agent, err := taskwire.NewAgent(taskwire.Config{Node: "edge-7", Epoch: 1, Seed: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer agent.Close()

	now := taskwire.Instant(0) // a real program reads CLOCK_BOOTTIME
	id, _ := taskwire.ParseTaskID("0f8fad5b-d9cb-469f-a165-70867728950e")
	_ = agent.Register(now, id, []byte("build #42"))
	_ = agent.Running(now, id)
	_ = agent.Succeeded(now, id, taskwire.Exit{Kind: taskwire.ExitCode, Value: 0})

	frame := make([]byte, 1200)
	events := make([]taskwire.ControllerEvent, 16)
	const connection = taskwire.PeerID(1)
	for durable := false; !durable; durable, _ = agent.IsDurable() {
		now += 1000
		for {
			length, _ := agent.PollTransmit(now, frame)
			if length == 0 {
				break
			}
			_ = controller.Receive(now, connection, frame[:length])
		}
		count, _ := controller.PollEvents(events)
		for _, event := range events[:count] {
			switch event.Kind {
			case taskwire.ControllerTransition:
				fmt.Println(event.Task, event.Number, event.State)
			case taskwire.ControllerCommitDue: // all of it is on disk by now
				_ = controller.Commit(event.Node, event.Position)
			}
		}
		for {
			_, length, _ := controller.PollTransmit(now, frame)
			if length == 0 {
				break
			}
			_ = agent.Receive(now, frame[:length])
		}
		_ = agent.HandleTimeout(now)
		_ = controller.HandleTimeout(now)
	}
	// Output:
	// 0f8fad5b-d9cb-469f-a165-70867728950e 1 PENDING
	// 0f8fad5b-d9cb-469f-a165-70867728950e 2 RUNNING
	// 0f8fad5b-d9cb-469f-a165-70867728950e 3 SUCCEEDED
}

func ExampleAgent_Update() {
	agent, err := taskwire.NewAgent(taskwire.Config{Node: "edge-7", Epoch: 1, Seed: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer agent.Close()
	id := taskwire.TaskID{15: 1}
	done, err := agent.Update(0, []taskwire.Update{
		{Kind: taskwire.UpdateRegister, Task: id, Metadata: []byte("build #42")},
		{Kind: taskwire.UpdateTransition, Task: id, State: taskwire.Running},
		{Kind: taskwire.UpdateDetail, Task: id, Percent: 40, Report: taskwire.Report{Message: "linking"}},
	})
	fmt.Println(done, err)
	// Output: 3 <nil>
}

func ExampleError() {
	agent, err := taskwire.NewAgent(taskwire.Config{Node: "edge-7", Epoch: 1, Seed: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer agent.Close()
	err = agent.Running(0, taskwire.TaskID{15: 1})
	fmt.Println(errors.Is(err, taskwire.ErrUnknownTask))
	var refused *taskwire.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Call, refused.Status)
	}
	fmt.Println(err)
	// Output:
	// true
	// Running no task of this id is registered here
	// taskwire: Running: task 00000000-0000-0000-0000-000000000001 is not registered here; nothing was changed
}

func ExampleFraming_AppendFrame() {
	// Over TCP each frame goes after its length; a Framer at the other end cuts the stream again.
	frame := make([]byte, 40)
	stream, err := taskwire.LengthFraming.AppendFrame(nil, frame)
	if err != nil {
		log.Fatal(err)
	}
	framer, err := taskwire.NewFramer(taskwire.LengthFraming, 1200)
	if err != nil {
		log.Fatal(err)
	}
	defer framer.Close()
	taken, _ := framer.Push(stream)
	out := make([]byte, 1200)
	length, _ := framer.Next(out)
	fmt.Println(taken, length)
	// Output: 42 40
}
