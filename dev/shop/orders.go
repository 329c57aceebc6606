package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const schema = `CREATE TABLE IF NOT EXISTS orders (
  id text PRIMARY KEY, item text NOT NULL, quantity int NOT NULL, sha text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now())`

type order struct {
	ID       string `json:"id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

// sha allows a reader of the database to check a row without knowing the order.
func (o order) sha() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n", o.ID, o.Item, o.Quantity))
	return hex.EncodeToString(sum[:])
}

type orders struct {
	pool  *pgxpool.Pool
	table atomic.Bool
}

// createTable retries: the database may start after the shop.
func (s *orders) createTable(ctx context.Context) {
	for ctx.Err() == nil {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err := s.pool.Exec(attempt, schema)
		cancel()
		if err == nil {
			s.table.Store(true)
			return
		}
		log.Printf("waiting for the database: %v", err)
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// place answers 201 only after the commit. The same order may be sent again, for instance after an answer was lost.
func (s *orders) place(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&o); err != nil {
		fail(w, r, http.StatusBadRequest, err)
		return
	}
	if o.ID == "" || o.Item == "" || o.Quantity <= 0 {
		fail(w, r, http.StatusBadRequest, errors.New("an order has an id, an item and a quantity above 0"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	// One statement is one transaction; synchronous_commit is on, so after the answer the order is on disk.
	if _, err := s.pool.Exec(ctx, `INSERT INTO orders (id, item, quantity, sha) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
		o.ID, o.Item, o.Quantity, o.sha()); err != nil {
		fail(w, r, http.StatusServiceUnavailable, err)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

// list streams one order per line. A failure during the stream closes the connection, so a partial list is not mistaken
// for the complete one.
func (s *orders) list(w http.ResponseWriter, r *http.Request) {
	rows, err := s.pool.Query(r.Context(), `SELECT id, item, quantity FROM orders ORDER BY id COLLATE "C"`)
	if err != nil {
		fail(w, r, http.StatusServiceUnavailable, err)
		return
	}
	defer rows.Close()
	out := json.NewEncoder(w)
	started := false
	for rows.Next() {
		var o order
		if err = rows.Scan(&o.ID, &o.Item, &o.Quantity); err != nil {
			break
		}
		if !started {
			w.Header().Set("Content-Type", "application/x-ndjson")
			started = true
		}
		if err = out.Encode(o); err != nil {
			break
		}
	}
	if err == nil {
		err = rows.Err()
	}
	switch {
	case err != nil && started:
		panic(http.ErrAbortHandler)
	case err != nil:
		fail(w, r, http.StatusServiceUnavailable, err)
	}
}

func (s *orders) count(w http.ResponseWriter, r *http.Request) {
	var n int64
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	if err := s.pool.QueryRow(ctx, `SELECT count(*) FROM orders`).Scan(&n); err != nil {
		fail(w, r, http.StatusServiceUnavailable, err)
		return
	}
	fmt.Fprintln(w, n)
}

func (s *orders) ready(w http.ResponseWriter, r *http.Request) {
	if !s.table.Load() {
		fail(w, r, http.StatusServiceUnavailable, errors.New("the table does not exist yet"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	if _, err := s.pool.Exec(ctx, `SELECT 1`); err != nil {
		fail(w, r, http.StatusServiceUnavailable, err)
		return
	}
	fmt.Fprintln(w, "ok")
}
