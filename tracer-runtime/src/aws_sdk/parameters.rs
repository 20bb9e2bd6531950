//! What of an operation's input and output is recorded: what says which resource was called and how much, never its content
//! (facts 5.2).

use self::Parameter::{Count, Header, Input, Keys, Member};

/// One recorded value: where it is found, by which name, and its name in the `aws` block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    /// A text of the operation's input, by the SDK itself.
    Input(&'static str, &'static str),
    /// A member of the JSON body.
    Member(&'static str, &'static str),
    /// The keys of an object in the JSON body.
    Keys(&'static str, &'static str),
    /// The length of a list in the JSON body.
    Count(&'static str, &'static str),
    /// A header of the request or the response.
    Header(&'static str, &'static str),
}

/// The recorded values of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) request: &'static [Parameter],
    pub(super) response: &'static [Parameter],
}

/// The names that [`Parameter::Input`] has, in any operation.
pub(super) const OF_INPUT: [&str; 8] =
    ["Bucket", "Key", "VersionId", "Prefix", "CopySource", "TopicArn", "FunctionName", "Qualifier"];

/// Whether operations of this crate of the SDK may have a [`Parameter::Input`]; of a crate that is not known they may.
pub(super) fn are_of_input(sdk: &str) -> bool {
    const HAVE_NONE: [&str; 7] = [
        "aws_sdk_dynamodb",
        "aws_sdk_eventbridge",
        "aws_sdk_kinesis",
        "aws_sdk_secretsmanager",
        "aws_sdk_sfn",
        "aws_sdk_sqs",
        "aws_sdk_ssm",
    ];
    !HAVE_NONE.contains(&sdk)
}

/// Calls that tracing itself makes are not traced.
pub(super) fn is_of_tracing(service: &str, operation: &str) -> bool {
    service == "XRay" && matches!(operation, "GetSamplingRules" | "GetSamplingTargets" | "PutTraceSegments")
}

impl Parameters {
    /// What is recorded of `operation`; nothing of a service that is not known here.
    pub(super) fn of(service: &str, operation: &str) -> Self {
        let (request, response) = match service {
            "DynamoDB" => dynamodb(operation),
            "S3" => (s3(operation), NONE),
            "SQS" => sqs(operation),
            "SNS" => (sns(operation), NONE),
            "Lambda" => lambda(operation),
            "EventBridge" => event_bridge(operation),
            "SFN" => step_functions(operation),
            "Kinesis" => kinesis(operation),
            "Secrets Manager" => secrets_manager(operation),
            "SSM" => ssm(operation),
            _ => (NONE, NONE),
        };
        Self { request, response }
    }
}

type List = &'static [Parameter];
const NONE: List = &[];

const CAPACITY: Parameter = Member("ConsumedCapacity", "consumed_capacity");
const COLLECTIONS: Parameter = Member("ItemCollectionMetrics", "item_collection_metrics");
const TABLE: Parameter = Member("TableName", "table_name");
const TABLES: Parameter = Keys("RequestItems", "table_names");
const PROJECTION: Parameter = Member("ProjectionExpression", "projection_expression");
const CONSISTENT: Parameter = Member("ConsistentRead", "consistent_read");
const ATTRIBUTES_TO_GET: Parameter = Member("AttributesToGet", "attributes_to_get");
const INDEX: Parameter = Member("IndexName", "index_name");
const LIMIT: Parameter = Member("Limit", "limit");
const SELECT: Parameter = Member("Select", "select");
const THROUGHPUT: Parameter = Member("ProvisionedThroughput", "provisioned_throughput");

fn dynamodb(operation: &str) -> (List, List) {
    match operation {
        "BatchGetItem" => (&[TABLES], &[CAPACITY]),
        "BatchWriteItem" => (&[TABLES], &[CAPACITY, COLLECTIONS]),
        "CreateTable" => (
            &[
                Member("GlobalSecondaryIndexes", "global_secondary_indexes"),
                Member("LocalSecondaryIndexes", "local_secondary_indexes"),
                THROUGHPUT,
                TABLE,
            ],
            NONE,
        ),
        "UpdateTable" => (
            &[
                Member("AttributeDefinitions", "attribute_definitions"),
                Member("GlobalSecondaryIndexUpdates", "global_secondary_index_updates"),
                THROUGHPUT,
                TABLE,
            ],
            NONE,
        ),
        "DeleteItem" | "PutItem" | "UpdateItem" => (&[TABLE], &[CAPACITY, COLLECTIONS]),
        "DeleteTable" | "DescribeTable" => (&[TABLE], NONE),
        "GetItem" => (&[CONSISTENT, PROJECTION, TABLE], &[CAPACITY]),
        "ListTables" => (
            &[Member("ExclusiveStartTableName", "exclusive_start_table_name"), LIMIT],
            &[Count("TableNames", "table_count")],
        ),
        "Query" => (
            &[
                ATTRIBUTES_TO_GET,
                CONSISTENT,
                INDEX,
                LIMIT,
                PROJECTION,
                Member("ScanIndexForward", "scan_index_forward"),
                SELECT,
                TABLE,
            ],
            &[CAPACITY],
        ),
        "Scan" => (
            &[
                ATTRIBUTES_TO_GET,
                CONSISTENT,
                INDEX,
                LIMIT,
                PROJECTION,
                Member("Segment", "segment"),
                SELECT,
                TABLE,
                Member("TotalSegments", "total_segments"),
            ],
            &[CAPACITY, Member("Count", "count"), Member("ScannedCount", "scanned_count")],
        ),
        _ => (NONE, NONE),
    }
}

const BUCKET: Parameter = Input("Bucket", "bucket_name");
const KEY: Parameter = Input("Key", "key");

fn s3(operation: &str) -> List {
    match operation {
        // Its bucket is the one copied to, and its name stays as it is.
        "CopyObject" => &[Input("CopySource", "copy_source"), Input("Bucket", "bucket"), KEY],
        "ListBuckets" | "ListDirectoryBuckets" => NONE,
        _ if operation.starts_with("List") => &[BUCKET, Input("Prefix", "prefix"), KEY],
        // Where an operation has no key or version, there is none to be found.
        _ => &[BUCKET, KEY, Input("VersionId", "version_id")],
    }
}

const QUEUE: Parameter = Member("QueueUrl", "queue_url");

fn sqs(operation: &str) -> (List, List) {
    match operation {
        "AddPermission" => (&[Member("Label", "label"), QUEUE], NONE),
        "ChangeMessageVisibility" => (&[QUEUE, Member("VisibilityTimeout", "visibility_timeout")], NONE),
        "ChangeMessageVisibilityBatch" | "DeleteMessageBatch" => (&[QUEUE], &[Member("Failed", "failed")]),
        "CreateQueue" => (&[Member("Attributes", "attributes"), Member("QueueName", "queue_name")], NONE),
        "DeleteMessage" | "DeleteQueue" | "PurgeQueue" | "RemovePermission" => (&[QUEUE], NONE),
        "GetQueueAttributes" => (&[QUEUE], &[Member("Attributes", "attributes")]),
        "GetQueueUrl" => (
            &[
                Member("QueueName", "queue_name"),
                Member("QueueOwnerAWSAccountId", "queue_owner_aws_account_id"),
            ],
            &[QUEUE],
        ),
        "ListDeadLetterSourceQueues" => (&[QUEUE], &[Member("queueUrls", "queue_urls")]),
        "ListQueues" => {
            (&[Member("QueueNamePrefix", "queue_name_prefix")], &[Count("QueueUrls", "queue_count")])
        }
        "ReceiveMessage" => (
            &[
                Member("AttributeNames", "attribute_names"),
                Member("MessageSystemAttributeNames", "message_system_attribute_names"),
                Member("MaxNumberOfMessages", "max_number_of_messages"),
                Member("MessageAttributeNames", "message_attribute_names"),
                QUEUE,
                Member("VisibilityTimeout", "visibility_timeout"),
                Member("WaitTimeSeconds", "wait_time_seconds"),
            ],
            &[Count("Messages", "message_count")],
        ),
        "SendMessage" => (
            &[
                Member("DelaySeconds", "delay_seconds"),
                QUEUE,
                Keys("MessageAttributes", "message_attribute_names"),
            ],
            &[Member("MessageId", "message_id")],
        ),
        "SendMessageBatch" => (
            &[QUEUE, Count("Entries", "message_count")],
            &[Count("Failed", "failed_count"), Count("Successful", "successful_count")],
        ),
        "SetQueueAttributes" => (&[QUEUE, Keys("Attributes", "attribute_names")], NONE),
        _ => (NONE, NONE),
    }
}

fn sns(operation: &str) -> List {
    match operation {
        "Publish" | "PublishBatch" => &[Input("TopicArn", "topic_arn")],
        _ => NONE,
    }
}

fn lambda(operation: &str) -> (List, List) {
    match operation {
        "Invoke" | "InvokeWithResponseStream" => (
            &[
                Input("FunctionName", "function_name"),
                Header("x-amz-invocation-type", "invocation_type"),
                Header("x-amz-log-type", "log_type"),
                Input("Qualifier", "qualifier"),
            ],
            &[Header("x-amz-function-error", "function_error")],
        ),
        _ => (&[Input("FunctionName", "function_name")], NONE),
    }
}

fn event_bridge(operation: &str) -> (List, List) {
    match operation {
        "PutEvents" => {
            (&[Count("Entries", "entry_count")], &[Member("FailedEntryCount", "failed_entry_count")])
        }
        _ => (NONE, NONE),
    }
}

const STATE_MACHINE: Parameter = Member("stateMachineArn", "state_machine_arn");
const EXECUTION: Parameter = Member("executionArn", "execution_arn");

fn step_functions(operation: &str) -> (List, List) {
    match operation {
        "StartExecution" => (&[STATE_MACHINE, Member("name", "name")], &[EXECUTION]),
        "StartSyncExecution" => {
            (&[STATE_MACHINE, Member("name", "name")], &[EXECUTION, Member("status", "status")])
        }
        "DescribeExecution" | "StopExecution" | "GetExecutionHistory" => (&[EXECUTION], NONE),
        "DescribeStateMachine" | "ListExecutions" => (&[STATE_MACHINE], NONE),
        _ => (NONE, NONE),
    }
}

const STREAM: Parameter = Member("StreamName", "stream_name");
const STREAM_ARN: Parameter = Member("StreamARN", "stream_arn");
const SHARD: Parameter = Member("ShardId", "shard_id");

fn kinesis(operation: &str) -> (List, List) {
    match operation {
        "PutRecord" => (&[STREAM, STREAM_ARN], &[SHARD]),
        "PutRecords" => (
            &[STREAM, STREAM_ARN, Count("Records", "record_count")],
            &[Member("FailedRecordCount", "failed_record_count")],
        ),
        "GetRecords" => (
            &[STREAM_ARN, LIMIT],
            &[Count("Records", "record_count"), Member("MillisBehindLatest", "millis_behind_latest")],
        ),
        "GetShardIterator" => {
            (&[STREAM, STREAM_ARN, SHARD, Member("ShardIteratorType", "shard_iterator_type")], NONE)
        }
        _ => (&[STREAM, STREAM_ARN], NONE),
    }
}

const SECRET: Parameter = Member("SecretId", "secret_id");

/// Names and versions, never a secret.
fn secrets_manager(operation: &str) -> (List, List) {
    match operation {
        "CreateSecret" => (&[Member("Name", "name")], NONE),
        "GetSecretValue" => {
            (&[SECRET, Member("VersionId", "version_id"), Member("VersionStage", "version_stage")], NONE)
        }
        _ => (&[SECRET], NONE),
    }
}

const NAME: Parameter = Member("Name", "name");
const DECRYPTION: Parameter = Member("WithDecryption", "with_decryption");

/// Names, never a value.
fn ssm(operation: &str) -> (List, List) {
    match operation {
        "GetParameter" | "GetParameterHistory" => (&[NAME, DECRYPTION], NONE),
        "GetParameters" => (&[Member("Names", "names"), DECRYPTION], NONE),
        "GetParametersByPath" => {
            (&[Member("Path", "path"), Member("Recursive", "recursive"), DECRYPTION], NONE)
        }
        "PutParameter" => (&[NAME, Member("Type", "type")], NONE),
        "DeleteParameter" => (&[NAME], NONE),
        "DeleteParameters" => (&[Member("Names", "names")], NONE),
        _ => (NONE, NONE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_the_sdk_is_asked_for_is_used_and_no_other() {
        let operations =
            [("S3", "PutObject"), ("S3", "CopyObject"), ("S3", "ListObjectsV2"), ("SNS", "Publish")];
        let operations = operations.into_iter().chain([("Lambda", "Invoke")]);
        let requests = operations.flat_map(|(service, operation)| Parameters::of(service, operation).request);
        let mut used: Vec<&str> = requests
            .filter_map(|parameter| match parameter {
                Input(name, _) => Some(*name),
                _ => None,
            })
            .collect();
        used.sort_unstable();
        used.dedup();
        let mut asked = OF_INPUT;
        asked.sort_unstable();
        assert_eq!(used, asked);
    }

    #[test]
    fn a_crate_without_parameters_of_the_input_needs_none_read() {
        let of_dynamodb = ["GetItem", "Query", "Scan", "CreateTable", "BatchWriteItem"];
        let is_input = |parameter: &Parameter| matches!(parameter, Input(..));
        assert!(!of_dynamodb.iter().any(|name| dynamodb(name).0.iter().any(is_input)));
        assert!(!are_of_input("aws_sdk_dynamodb"));
        assert!(["aws_sdk_s3", "aws_sdk_lambda", "s3", "my::aws_sdk_dynamodb"].into_iter().all(are_of_input));
    }

    #[test]
    fn a_service_that_is_not_known_has_no_parameters() {
        assert_eq!(Parameters::of("Polly", "SynthesizeSpeech"), Parameters { request: &[], response: &[] });
        assert!(is_of_tracing("XRay", "PutTraceSegments") && !is_of_tracing("XRay", "GetTraceSummaries"));
    }
}
