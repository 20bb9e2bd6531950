//! What we record otherwise than Powertools, and why.

pub(crate) use tracer_tests_aws::Difference;
use tracer_tests_aws::Says::{self, EachOwn, OnlyOurs, OnlyTheirs, Otherwise};

const fn of(call: &'static str, member: &'static str, says: Says, reason: &'static str) -> Difference {
    Difference { call, member, says, reason }
}

pub(crate) const OF_ANY: &[Difference] = &[
    of("", "aws.request_id", EachOwn, "each request has its own"),
    of("SQS.SendMessage", "aws.message_id", EachOwn, "each message has its own"),
];

pub(crate) const OF_PYTHON: &[Difference] = &[
    of("", "aws.retries", OnlyOurs, "facts 5.1 have it; the SDK for Python records none"),
    of("", "http.response.content_length", OnlyOurs, "facts 5.1 have it; the SDK for Python records none"),
    of("Secrets Manager.", "name", Otherwise, "the service's id, where theirs is the endpoint's prefix"),
    of("EventBridge.", "name", Otherwise, "the service's id, where theirs is the endpoint's prefix"),
    of("DynamoDB.Batch", "aws.table_names", Otherwise, "theirs is the text `dict_keys([...])`, not a list"),
    of(
        "SQS.SendMessage",
        "aws.message_attribute_names",
        Otherwise,
        "theirs is the text `dict_keys([...])`, not a list",
    ),
    of(
        "S3.HeadObject",
        "aws.bucket_name",
        OnlyOurs,
        "facts 5.2 leave it out; it is the same resource as of GetObject",
    ),
    of(
        "S3.HeadObject",
        "aws.key",
        OnlyOurs,
        "facts 5.2 leave it out; it is the same resource as of GetObject",
    ),
    of("SSM.", "aws.name", OnlyOurs, "facts 5.2 leave the service out; issue 4 asks for it"),
    of("SSM.PutParameter", "aws.type", OnlyOurs, "facts 5.2 leave the service out; issue 4 asks for it"),
    of(
        "Secrets Manager.CreateSecret",
        "aws.name",
        OnlyOurs,
        "facts 5.2 leave the service out; issue 4 asks for it",
    ),
    of(
        "Secrets Manager.GetSecretValue",
        "aws.secret_id",
        OnlyOurs,
        "facts 5.2 leave the service out; issue 4 asks for it",
    ),
    of("Kinesis.", "aws.stream_name", OnlyOurs, "facts 5.2 leave the service out; issue 4 asks for it"),
    of("Kinesis.PutRecord", "aws.shard_id", OnlyOurs, "facts 5.2 leave the service out; issue 4 asks for it"),
    of(
        "EventBridge.PutEvents",
        "aws.entry_count",
        OnlyOurs,
        "facts 5.2 leave the service out; issue 4 asks for it",
    ),
    of(
        "",
        "fault",
        OnlyTheirs,
        "facts 1.8: an answer of 4xx is an error; theirs marks any exception as a fault too",
    ),
    of("", "cause.exceptions.0.id", EachOwn, "each exception has its own"),
    of(
        "",
        "cause.exceptions.0.message",
        Otherwise,
        "what the service says; theirs has the SDK's text around it",
    ),
    of(
        "",
        "cause.exceptions.0.stack.",
        OnlyTheirs,
        "the error comes from the service: there is no frame of ours in it",
    ),
    of(
        "",
        "cause.working_directory",
        OnlyTheirs,
        "a Python program's; a Rust program's frames do not hang on it",
    ),
];

/// Of calls that are in no corpus.
pub(crate) const OF_SCRIPT: &[Difference] = &[
    of("SFN.", "name", Otherwise, "the service's id, where theirs is the endpoint's prefix"),
    of("SFN.StartExecution", "aws.name", OnlyOurs, "facts 5.2 leave the service out; issue 4 asks for it"),
    of(
        "SFN.StartExecution",
        "aws.state_machine_arn",
        OnlyOurs,
        "facts 5.2 leave the service out; issue 4 asks for it",
    ),
    of(
        "SFN.StartExecution",
        "aws.execution_arn",
        OnlyOurs,
        "facts 5.2 leave the service out; issue 4 asks for it",
    ),
    of(
        "Kinesis.PutRecords",
        "aws.record_count",
        OnlyOurs,
        "facts 5.2 leave the service out; issue 4 asks for it",
    ),
    of(
        "Kinesis.PutRecords",
        "aws.failed_record_count",
        OnlyOurs,
        "facts 5.2 leave the service out; issue 4 asks for it",
    ),
    of(
        "SQS.ReceiveMessage",
        "aws.message_system_attribute_names",
        OnlyOurs,
        "the member's newer name, which theirs does not know",
    ),
    of(
        "SQS.SetQueueAttributes",
        "aws.attribute_names",
        Otherwise,
        "theirs is the text `dict_keys([...])`, not a list",
    ),
    of(
        "SNS.Publish",
        "cause.exceptions.0.type",
        Otherwise,
        "the code on the wire; theirs is the class of boto3 for it",
    ),
];

pub(crate) const OF_MINISTACK: &[Difference] = &[
    of("", "aws.id_2", EachOwn, "each request has its own"),
    of("", "aws.id_2", OnlyOurs, "theirs does not look for it in the answer of an error"),
    of(
        "EventBridge.PutEvents",
        "aws.failed_entry_count",
        OnlyOurs,
        "facts 5.2 leave the service out; issue 4 asks for it",
    ),
];

pub(crate) const OF_PYTHON_CORPUS: &[Difference] =
    &[of("SQS.GetQueueAttributes", "aws.attributes.", EachOwn, "times, and messages of earlier runs")];

pub(crate) const OF_TYPESCRIPT: &[Difference] = &[
    of("", "aws.retries", Otherwise, "theirs counts the first attempt"),
    of(
        "",
        "http.response.content_length",
        EachOwn,
        "another version of the emulator, with what earlier runs left",
    ),
];
