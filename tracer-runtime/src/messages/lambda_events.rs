//! The batches of SQS, SNS and Kinesis as Lambda brings them (feature `lambda-events`).

use std::collections::{HashMap, HashSet};

use aws_lambda_events::kinesis::{KinesisEvent, KinesisEventRecord};
use aws_lambda_events::sns::{MessageAttribute, SnsEvent, SnsEventObj, SnsRecord, SnsRecordObj};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsEventObj, SqsMessage, SqsMessageObj};
use aws_lambda_events::streams::KinesisEventResponse;
use serde::Serialize;

use super::batch::{Failures, MessageBatch};
use super::record::MessageRecord;

/// Where SQS keeps the sender's header (facts 2.4).
const TRACE_HEADER: &str = "AWSTraceHeader";

macro_rules! sqs {
    ($(($($generics:tt)*) $event:ty: $message:ty;)*) => {$(
        impl<$($generics)*> MessageRecord for $message {
            fn trace_header(&self) -> Option<&str> {
                self.attributes.get(TRACE_HEADER).map(String::as_str)
            }

            fn message_id(&self) -> Option<&str> {
                self.message_id.as_deref()
            }

            fn source(&self) -> Option<&str> {
                self.event_source_arn.as_deref()
            }
        }

        impl<$($generics)*> MessageBatch for $event {
            type Record = $message;
            type Answer<E> = SqsBatchResponse;

            fn records(&self) -> &[$message] {
                &self.records
            }

            /// A batch is of one queue.
            fn is_ordered(&self) -> bool {
                let source = self.records.first().and_then(MessageRecord::source);
                source.is_some_and(|arn| arn.ends_with(".fifo"))
            }

            fn answer<E>(&self, failures: Failures<E>) -> SqsBatchResponse {
                let id = |at: usize| id_of(&self.records, at);
                // A queue that delivers twice may do so in one batch.
                let mut told = HashSet::new();
                let mut response = SqsBatchResponse::default();
                response.set_failures(failures.indices().map(id).filter(|id| told.insert(*id)));
                response
            }
        }
    )*};
}

sqs! {
    () SqsEvent: SqsMessage;
    (Body: Serialize) SqsEventObj<Body>: SqsMessageObj<Body>;
}

macro_rules! sns {
    ($(($($generics:tt)*) $event:ty: $record:ty;)*) => {$(
        impl<$($generics)*> MessageRecord for $record {
            /// SNS hands the header to Lambda and not to the record; a sender may put it there.
            fn trace_header(&self) -> Option<&str> {
                header_of_attributes(&self.sns.message_attributes)
            }

            fn message_id(&self) -> Option<&str> {
                Some(&self.sns.message_id)
            }

            fn source(&self) -> Option<&str> {
                Some(&self.sns.topic_arn)
            }
        }

        impl<$($generics)*> MessageBatch for $event {
            type Record = $record;
            type Answer<E> = Result<(), E>;

            fn records(&self) -> &[$record] {
                &self.records
            }

            fn answer<E>(&self, failures: Failures<E>) -> Result<(), E> {
                failures.into_first_error().map_or(Ok(()), Err)
            }
        }
    )*};
}

sns! {
    () SnsEvent: SnsRecord;
    (Body: Serialize) SnsEventObj<Body>: SnsRecordObj<Body>;
}

/// By which Lambda is told of a failed record. Without one the whole batch comes again, which is better than to lose one.
fn id_of(records: &[impl MessageRecord], at: usize) -> &str {
    records.get(at).and_then(MessageRecord::message_id).unwrap_or_default()
}

fn header_of_attributes(attributes: &HashMap<String, MessageAttribute>) -> Option<&str> {
    attributes.get(TRACE_HEADER).map(|attribute| attribute.value.as_str())
}

impl MessageRecord for KinesisEventRecord {
    /// Kinesis keeps nothing but the data.
    fn trace_header(&self) -> Option<&str> {
        None
    }

    fn message_id(&self) -> Option<&str> {
        Some(&self.kinesis.sequence_number)
    }

    fn source(&self) -> Option<&str> {
        self.event_source_arn.as_deref()
    }
}

impl MessageBatch for KinesisEvent {
    type Record = KinesisEventRecord;
    type Answer<E> = KinesisEventResponse;

    fn records(&self) -> &[KinesisEventRecord] {
        &self.records
    }

    /// A batch is of one shard.
    fn is_ordered(&self) -> bool {
        true
    }

    /// Lambda goes on from the lowest sequence number that it is told, so what follows comes again by itself.
    fn answer<E>(&self, failures: Failures<E>) -> KinesisEventResponse {
        let mut response = KinesisEventResponse::default();
        if let Some(first) = failures.indices().next() {
            response.add_failure(id_of(&self.records, first));
        }
        response
    }
}
