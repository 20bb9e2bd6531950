//! The trace of a batch: a new one, with links to those of the senders.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};

use crate::link::Link;
use crate::local_lambda::invocation::Invocation;
use crate::local_lambda::tracing::{TraceHeader, Tracing};

/// Gives the invocation with a batch its trace: sampled if one of the messages is, not sampled if only some say that they
/// are not, and as a new request where none says anything.
pub(super) fn trace(invocation: Invocation, messages: &[Message]) -> Invocation {
    let headers: Vec<_> = messages.iter().filter_map(header).collect();
    let says = |sampled| headers.iter().any(|header| header.sampled == Some(sampled));
    let tracing = if !says(true) && says(false) { Tracing::NotSampled } else { Tracing::Sampled };
    let links = links(&headers);
    links.into_iter().fold(invocation.tracing(tracing), Invocation::link)
}

/// One link for each sampled sender, however many messages it sent in one call.
fn links(headers: &[TraceHeader]) -> Vec<Link> {
    let mut links = Vec::new();
    for header in headers.iter().filter(|header| header.sampled == Some(true)) {
        let (Some(trace), Some(parent)) = (header.root, header.parent) else {
            continue;
        };
        let link = Link::new(trace, parent);
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

fn header(message: &Message) -> Option<TraceHeader> {
    let header = message.attributes()?.get(&MessageSystemAttributeName::AwsTraceHeader)?;
    Some(TraceHeader::read(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(headers: &[Option<&str>]) -> Invocation {
        let message = |header: &Option<&str>| {
            let message = Message::builder();
            match header {
                Some(header) => message.attributes(MessageSystemAttributeName::AwsTraceHeader, *header),
                None => message,
            }
            .build()
        };
        trace(Invocation::payload("{}"), &headers.iter().map(message).collect::<Vec<_>>())
    }

    fn header(number: usize, sampled: &str) -> String {
        format!("Root=1-6b02d7e6-{number:024x};Parent={number:016x};Sampled={sampled}")
    }

    #[test]
    fn one_sampled_message_is_enough_and_only_the_sampled_are_linked() {
        let (sampled, not) = (header(1, "1"), header(2, "0"));
        let invocation =
            traced(&[None, Some(&not), Some(&sampled), Some(&sampled), Some("Sampled=1"), Some("?")]);
        assert_eq!(invocation.tracing, Tracing::Sampled);
        let expected =
            Link::new(format!("1-6b02d7e6-{:024x}", 1).parse().unwrap(), "0000000000000001".parse().unwrap());
        assert_eq!(invocation.links, [expected]);
    }

    #[test]
    fn a_batch_that_is_not_sampled_stays_so_and_an_undecided_one_is_a_new_request() {
        let not = traced(&[None, Some(&header(2, "0"))]);
        assert_eq!((not.tracing, not.links), (Tracing::NotSampled, vec![]));
        let undecided = header(3, "?");
        for headers in [&[None][..], &[Some(&*undecided)]] {
            let invocation = traced(headers);
            assert_eq!((invocation.tracing, invocation.links), (Tracing::Sampled, vec![]));
        }
    }

    #[test]
    fn no_more_than_twenty_links_are_put_on_a_segment() {
        let headers: Vec<_> = (1..40).map(|number| header(number, "1")).collect();
        let headers: Vec<_> = headers.iter().map(|header| Some(&**header)).collect();
        assert_eq!(traced(&headers).links.len(), 20);
    }
}
