// Checks what cpni-guard publishes with Go's own implementation: checkpoints with sumdb/note, proofs
// with sumdb/tlog. It shares no code with the crate. Called by tests/interop.rs with a folder.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(folder string) error {
	vkey, err := os.ReadFile(filepath.Join(folder, "vkey"))
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return err
	}
	old, err := checkpoint(filepath.Join(folder, "old.checkpoint"), verifier)
	if err != nil {
		return err
	}
	later, err := checkpoint(filepath.Join(folder, "new.checkpoint"), verifier)
	if err != nil {
		return err
	}
	lines, err := os.ReadFile(filepath.Join(folder, "consistency"))
	if err != nil {
		return err
	}
	path, err := hashes(strings.Fields(string(lines)))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(path, later.N, later.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	proofs, err := filepath.Glob(filepath.Join(folder, "*.tlog-proof"))
	if err != nil || len(proofs) == 0 {
		return fmt.Errorf("no proof of an event: %v", err)
	}
	for _, file := range proofs {
		if err := proof(file, verifier); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	fmt.Printf("%s: %d and %d events, %d proofs\n", verifier.Name(), old.N, later.N, len(proofs))
	return nil
}

func checkpoint(file string, verifier note.Verifier) (tlog.Tree, error) {
	signed, err := os.ReadFile(file)
	if err != nil {
		return tlog.Tree{}, err
	}
	return open(signed, verifier)
}

func open(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func proof(file string, verifier note.Verifier) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, signed, _ := bytes.Cut(content, []byte("\n\n"))
	tree, err := open(signed, verifier)
	if err != nil {
		return err
	}
	lines := strings.Split(string(head), "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	event, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	path, err := hashes(lines[3:])
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(event))
}

func hashes(lines []string) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		all = append(all, hash)
	}
	return all, nil
}
