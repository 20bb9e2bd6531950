//! Messages without tracing. Run with `-p tracer-tests-compiled-out`; in a build of the whole workspace tracing is on, and these hold all the same.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use tracer_runtime::messages::{
    Consumer, Envelope, consume_batch, continue_trace, for_each_record, for_each_record_concurrent,
    record_subsegment,
};

const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

async fn read(message: &SqsMessage) -> Result<u8, std::num::ParseIntError> {
    message.body.as_deref().unwrap_or_default().parse()
}

#[tokio::test]
async fn the_failed_messages_are_told() {
    let mut event = SqsEvent::default();
    for body in ["1", "x", "3"] {
        let mut message = SqsMessage::default();
        (message.message_id, message.body) = (Some(body.to_owned()), Some(body.to_owned()));
        event.records.push(message);
    }
    for response in [for_each_record(&event, read).await, for_each_record_concurrent(&event, 2, read).await] {
        assert_eq!(response.batch_item_failures.len(), 1);
        assert_eq!(response.batch_item_failures[0].item_identifier, "x");
    }
}

#[tokio::test]
async fn the_work_is_all_there_is() {
    let work = async || "7".parse::<u8>();
    let message = Envelope { trace_header: Some(HEADER), ..Envelope::default() };
    let consumer = Consumer::new("worker").origin("AWS::ECS::Container");
    assert_eq!(record_subsegment(&message, work()).await, Ok(7));
    assert_eq!(continue_trace(HEADER, "worker", work()).await, Ok(7));
    assert_eq!(consume_batch([HEADER], "worker", work()).await, Ok(7));
    assert_eq!(consumer.continue_trace(HEADER, work()).await, Ok(7));
    assert_eq!(consumer.consume_batch([HEADER], work()).await, Ok(7));
}
