// Tests of the framer: frames of any size in pieces of any size, streams that are broken, buffers that are too small.

package taskwire

import (
	"bytes"
	"errors"
	"testing"
)

func TestFramesComeOutOfAStreamInPieces(t *testing.T) {
	for _, framing := range []Framing{LengthFraming, COBSFraming} {
		var stream []byte
		var frames [][]byte
		for n := 0; n < 20; n++ {
			frame := bytes.Repeat([]byte{byte(n)}, 60+n*55)
			frames = append(frames, frame)
			before := len(stream)
			var err error
			stream, err = framing.AppendFrame(stream, frame)
			must(t, err)
			if grown := len(stream) - before; grown <= len(frame) || grown > framing.Room(len(frame)) {
				t.Fatalf("%v: %d bytes became %d, and room is %d", framing, len(frame), grown, framing.Room(len(frame)))
			}
		}
		for _, piece := range []int{5, 1000, len(stream)} {
			if got := framesOf(t, framing, stream, piece); !equalFrames(got, frames) {
				t.Fatalf("%v, pieces of %d: %d frames, or others", framing, piece, len(got))
			}
		}
	}
}

func framesOf(t *testing.T, framing Framing, stream []byte, piece int) (got [][]byte) {
	t.Helper()
	framer, err := NewFramer(framing, 1200)
	must(t, err)
	defer framer.Close()
	out := make([]byte, 1200)
	for rest := stream; len(rest) > 0; {
		push := rest
		if len(push) > piece {
			push = push[:piece]
		}
		taken, err := framer.Push(push)
		must(t, err)
		rest = rest[taken:]
		for {
			length, err := framer.Next(out)
			must(t, err)
			if length == 0 {
				break
			}
			got = append(got, append([]byte(nil), out[:length]...))
		}
	}
	return got
}

func equalFrames(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for n := range a {
		if !bytes.Equal(a[n], b[n]) {
			return false
		}
	}
	return true
}

func TestNoiseBetweenFramesIsDroppedAndCounted(t *testing.T) {
	frame := bytes.Repeat([]byte{7}, 100)
	stream, err := COBSFraming.AppendFrame([]byte("login: \x00"), frame)
	must(t, err)
	framer, err := NewFramer(COBSFraming, 1200)
	must(t, err)
	defer framer.Close()
	_, err = framer.Push(stream)
	must(t, err)
	out := make([]byte, 1200)
	if length, err := framer.Next(out); length != 100 || err != nil || !bytes.Equal(out[:length], frame) {
		t.Fatal(length, err)
	}
	if pieces, dropped, err := framer.Dropped(); pieces != 1 || dropped != 7 || err != nil {
		t.Fatal(pieces, dropped, err)
	}
}

func TestAFrameThatDoesNotFitWaits(t *testing.T) {
	framer, err := NewFramer(LengthFraming, 1200)
	must(t, err)
	defer framer.Close()
	frame := bytes.Repeat([]byte{7}, 100)
	stream, err := LengthFraming.AppendFrame(nil, frame)
	must(t, err)
	_, err = framer.Push(stream)
	must(t, err)
	if _, err := framer.Next(make([]byte, 99)); !errors.Is(err, ErrBufferTooSmall) {
		t.Fatal(err)
	}
	if taken, err := framer.Push(stream); taken != 0 || err != nil {
		t.Fatal(taken, err)
	}
	out := make([]byte, 100)
	if length, err := framer.Next(out); length != 100 || err != nil || !bytes.Equal(out, frame) {
		t.Fatal(length, err)
	}
	if taken, err := framer.Push(stream); taken != len(stream) || err != nil {
		t.Fatal(taken, err)
	}
}

func TestABrokenStreamStaysBroken(t *testing.T) {
	framer, err := NewFramer(LengthFraming, 1200)
	must(t, err)
	defer framer.Close()
	_, err = framer.Push([]byte{255, 255, 0, 0, 0, 0})
	must(t, err)
	for n := 0; n < 2; n++ {
		if length, err := framer.Next(make([]byte, 1200)); length != 0 || !errors.Is(err, ErrStreamBroken) {
			t.Fatal(length, err)
		}
	}
	if _, err := NewFramer(LengthFraming, -1); !errors.Is(err, ErrArgument) {
		t.Fatal(err)
	}
	if _, err := NewFramer(3, 1200); !errors.Is(err, ErrArgument) {
		t.Fatal(err)
	}
	before := []byte("kept")
	if after, err := LengthFraming.AppendFrame(before, nil); !errors.Is(err, ErrArgument) || string(after) != "kept" {
		t.Fatal(after, err)
	}
}
