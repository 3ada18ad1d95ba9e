// Reads the hires from Kafka, and prints each one once.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	source = "urn:good-golem:matching"
	schema = "https://goodgolem.example/schemas/hire.confirmed/1"
)

type hire struct {
	ID          string `json:"-"`
	OfferID     string `json:"offer_id"`
	StartOn     string `json:"start_on"`
	ConfirmedBy string `json:"confirmed_by"`
}

// Yours: a table, written in one transaction with what you do.
var taken = map[string]bool{}

func main() {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(or("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"), ",")...),
		kgo.ConsumerGroup(or("GROUP_ID", "my-hr-system")),
		kgo.ConsumeTopics(strings.Split(or("TOPICS", "hire.confirmed"), ",")...),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),                        // what is being handled stays ours until it is committed
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), // a new group: from the beginning
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),       // events are gone that we had not read: stop
	)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			break
		}
		// Whoever starts it again repeats only what was not committed. A person should know of an offset out of range.
		fetches.EachError(func(topic string, partition int32, err error) {
			log.Fatalf("%s/%d cannot be read: %v", topic, partition, err)
		})
		fetches.EachRecord(func(record *kgo.Record) {
			found, err := read(record)
			if err != nil { // yours: keep it, and tell a person
				log.Printf("put aside: %s/%d/%d: %v", record.Topic, record.Partition, record.Offset, err)
			} else if err := handle(found); err != nil {
				log.Fatalf("not handled, so not committed: %v", err)
			}
		})
		// What was handled is committed, even if we were asked to stop meanwhile.
		if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
			log.Fatalf("not committed: %v", err)
		}
		client.AllowRebalance()
	}
	client.CloseAllowingRebalance()
}

// What the record says; an error where it is no hire that matching published.
func read(record *kgo.Record) (hire, error) {
	headers := map[string]string{}
	for _, header := range record.Headers {
		headers[header.Key] = string(header.Value)
	}
	found := hire{ID: headers["ce_id"]}
	if found.ID == "" || headers["ce_source"] != source || headers["ce_dataschema"] != schema {
		return found, fmt.Errorf("id %q, source %q, schema %q", found.ID, headers["ce_source"], headers["ce_dataschema"])
	}
	err := json.Unmarshal(record.Value, &found)
	if err == nil && found.OfferID == "" {
		err = fmt.Errorf("no offer_id")
	}
	return found, err
}

func handle(found hire) error {
	if taken[found.ID] {
		return nil
	}
	if _, err := fmt.Println(found.OfferID, "starts on", found.StartOn, "confirmed by", found.ConfirmedBy); err != nil {
		return err
	}
	taken[found.ID] = true
	return nil
}

func or(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
