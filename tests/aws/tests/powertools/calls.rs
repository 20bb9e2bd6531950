//! The calls whose documents are compared: those of `python/calls.py`, in the same order, and those of the corpora.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, KeySchemaElement, KeyType, KeysAndAttributes, ProvisionedThroughput,
    Put, PutRequest, ReturnConsumedCapacity, ReturnItemCollectionMetrics, ScalarAttributeType, Select,
    TransactWriteItem, WriteRequest,
};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use aws_sdk_ssm::types::ParameterType;
use tracer_tests_aws::Clients;

const BUCKET: &str = "order-receipts";
const KEY: &str = "a b/\u{fc}.txt";

/// What the calls find there. Returns the queue's URL.
pub(crate) async fn stock(aws: &Clients) -> String {
    create_table(aws, "orders", "order_id").await;
    for id in ["ORD-8", "ORD-9"] {
        aws.dynamodb.put_item().table_name("orders").item("order_id", text(id)).send().await.unwrap();
    }
    aws.s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    let queue = aws.sqs.create_queue().queue_name("fulfillment").send().await.unwrap();
    queue.queue_url.unwrap()
}

/// The calls of the corpus of Powertools for TypeScript.
pub(crate) async fn of_typescript_corpus(aws: &Clients, queue: &str) {
    let Clients { dynamodb, s3, .. } = aws;
    dynamodb.put_item().table_name("orders").item("order_id", text("ORD-1")).send().await.unwrap();
    update_item(aws).await;
    query(aws, 3).await;
    batch_write_item(aws).await;
    s3.put_object().bucket(BUCKET).key(KEY).body(ByteStream::from_static(b"x")).send().await.unwrap();
    s3.get_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    aws.sqs.send_message().queue_url(queue).message_body("one").send().await.unwrap();
    send_batch(aws, queue).await;
    aws.sqs.receive_message().queue_url(queue).max_number_of_messages(2).send().await.unwrap();
}

/// The calls of `python/calls.py`.
pub(crate) async fn of_script(aws: &Clients, queue: &str) {
    dynamodb_of_corpus(aws).await;
    dynamodb(aws).await;
    s3_of_corpus(aws).await;
    s3(aws).await;
    aws.sqs.get_queue_url().queue_name("fulfillment").send().await.unwrap();
    sqs_of_corpus(aws, queue, &[QueueAttributeName::QueueArn, QueueAttributeName::VisibilityTimeout]).await;
    sqs(aws, queue).await;
    others(aws, true).await;
}

/// The calls of the corpus of Powertools for Python.
pub(crate) async fn of_python_corpus(aws: &Clients, queue: &str) {
    dynamodb_of_corpus(aws).await;
    s3_of_corpus(aws).await;
    sqs_of_corpus(aws, queue, &[QueueAttributeName::All]).await;
    others(aws, false).await;
    aws.dynamodb.list_tables().send().await.unwrap();
}

async fn dynamodb_of_corpus(aws: &Clients) {
    let dynamodb = &aws.dynamodb;
    dynamodb.list_tables().send().await.unwrap();
    dynamodb.describe_table().table_name("orders").send().await.unwrap();
    let put = dynamodb.put_item().table_name("orders").item("order_id", text("ORD-1"));
    let put = put.item("n", number("1")).return_consumed_capacity(ReturnConsumedCapacity::Total);
    put.send().await.unwrap();
    let get = dynamodb.get_item().table_name("orders").key("order_id", text("ORD-1"));
    get.consistent_read(true).projection_expression("n").send().await.unwrap();
    update_item(aws).await;
    query(aws, 5).await;
    dynamodb.scan().table_name("orders").limit(2).send().await.unwrap();
    let keys = KeysAndAttributes::builder().keys([("order_id".to_owned(), text("ORD-1"))].into());
    let get = dynamodb.batch_get_item().request_items("orders", keys.build().unwrap());
    get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    batch_write_item(aws).await;
    let put = Put::builder().table_name("orders").item("order_id", text("ORD-3")).build().unwrap();
    let write = dynamodb.transact_write_items();
    write.transact_items(TransactWriteItem::builder().put(put).build()).send().await.unwrap();
    dynamodb.delete_item().table_name("orders").key("order_id", text("ORD-3")).send().await.unwrap();
}

async fn update_item(aws: &Clients) {
    let update = aws.dynamodb.update_item().table_name("orders").key("order_id", text("ORD-1"));
    let update = update.update_expression("SET n = :n").expression_attribute_values(":n", number("2"));
    update.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
}

async fn query(aws: &Clients, limit: i32) {
    let query = aws.dynamodb.query().table_name("orders").key_condition_expression("order_id = :id");
    query.expression_attribute_values(":id", text("ORD-1")).limit(limit).send().await.unwrap();
}

async fn batch_write_item(aws: &Clients) {
    let put = PutRequest::builder().item("order_id", text("ORD-2")).build().unwrap();
    let request = WriteRequest::builder().put_request(put).build();
    let write = aws.dynamodb.batch_write_item().request_items("orders", vec![request]);
    let write = write.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
    write.return_item_collection_metrics(ReturnItemCollectionMetrics::Size).send().await.unwrap();
}

async fn dynamodb(aws: &Clients) {
    let dynamodb = &aws.dynamodb;
    dynamodb.get_item().table_name("absent").key("order_id", text("ORD-1")).send().await.unwrap_err();
    let put = dynamodb.put_item().table_name("orders").item("order_id", text("ORD-1"));
    put.condition_expression("attribute_not_exists(order_id)").send().await.unwrap_err();
    create_table(aws, "more", "id").await;
    let query = dynamodb.query().table_name("orders").key_condition_expression("order_id = :id");
    let query = query.expression_attribute_values(":id", text("ORD-1")).consistent_read(true);
    let query = query.projection_expression("n").scan_index_forward(false);
    query.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    let scan = dynamodb.scan().table_name("orders").select(Select::Count);
    scan.segment(0).total_segments(2).send().await.unwrap();
    dynamodb.delete_table().table_name("more").send().await.unwrap();
}

async fn create_table(aws: &Clients, name: &str, key: &str) {
    let attribute = AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S);
    let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash);
    let throughput = ProvisionedThroughput::builder().read_capacity_units(1).write_capacity_units(2);
    let create = aws.dynamodb.create_table().table_name(name).key_schema(schema.build().unwrap());
    let create = create.attribute_definitions(attribute.build().unwrap());
    create.provisioned_throughput(throughput.build().unwrap()).send().await.unwrap();
}

async fn s3_of_corpus(aws: &Clients) {
    let s3 = &aws.s3;
    s3.list_buckets().send().await.unwrap();
    s3.put_object().bucket(BUCKET).key(KEY).body(ByteStream::from_static(b"x")).send().await.unwrap();
    let object = s3.get_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().to_vec(), b"x");
    s3.head_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let copy = s3.copy_object().bucket(BUCKET).key("c").copy_source("order-receipts/a%20b/%C3%BC.txt");
    copy.send().await.unwrap();
    s3.delete_object().bucket(BUCKET).key("c").send().await.unwrap();
}

async fn s3(aws: &Clients) {
    let s3 = &aws.s3;
    s3.get_object().bucket(BUCKET).key("absent").send().await.unwrap_err();
    s3.list_objects_v2().bucket("absent").prefix("a/").send().await.unwrap_err();
    s3.create_bucket().bucket("more").send().await.unwrap();
    s3.head_bucket().bucket("more").send().await.unwrap();
    s3.delete_bucket().bucket("more").send().await.unwrap();
}

async fn sqs_of_corpus(aws: &Clients, queue: &str, attributes: &[QueueAttributeName]) {
    let sqs = &aws.sqs;
    let attribute = MessageAttributeValue::builder().data_type("String").string_value("b").build().unwrap();
    let send = sqs.send_message().queue_url(queue).message_body("one");
    send.message_attributes("a", attribute).send().await.unwrap();
    send_batch(aws, queue).await;
    let received = sqs.receive_message().queue_url(queue).max_number_of_messages(2).send().await.unwrap();
    for message in received.messages() {
        let handle = message.receipt_handle().unwrap();
        sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await.unwrap();
    }
    let get = sqs.get_queue_attributes().queue_url(queue);
    get.set_attribute_names(Some(attributes.to_vec())).send().await.unwrap();
}

async fn send_batch(aws: &Clients, queue: &str) {
    let entry = |id: u32| {
        SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body("many").build().unwrap()
    };
    let send = aws.sqs.send_message_batch().queue_url(queue);
    send.set_entries(Some((0..3).map(entry).collect())).send().await.unwrap();
}

async fn sqs(aws: &Clients, queue: &str) {
    let sqs = &aws.sqs;
    let receive = sqs.receive_message().queue_url(queue).visibility_timeout(7).wait_time_seconds(0);
    let receive = receive.message_system_attribute_names(MessageSystemAttributeName::AwsTraceHeader);
    receive.message_attribute_names("All").send().await.unwrap();
    sqs.list_queues().queue_name_prefix("ful").send().await.unwrap();
    sqs.get_queue_url().queue_name("absent").send().await.unwrap_err();
    let create = sqs.create_queue().queue_name("more");
    create.attributes(QueueAttributeName::VisibilityTimeout, "9").send().await.unwrap();
    let set = sqs.set_queue_attributes().queue_url(queue);
    set.attributes(QueueAttributeName::VisibilityTimeout, "8").send().await.unwrap();
    sqs.purge_queue().queue_url(queue).send().await.unwrap();
}

/// With `more` also those that are not in the corpus.
async fn others(aws: &Clients, more: bool) {
    let topic = aws.sns.create_topic().name("t1").send().await.unwrap().topic_arn.unwrap();
    aws.sns.publish().topic_arn(&topic).message("m").send().await.unwrap();
    if more {
        aws.sns.publish().topic_arn(format!("{topic}-absent")).message("m").send().await.unwrap_err();
    }
    aws.sts.get_caller_identity().send().await.unwrap();
    let put = aws.ssm.put_parameter().name("/orders/currency").value("EUR");
    put.r#type(ParameterType::String).send().await.unwrap();
    aws.ssm.get_parameter().name("/orders/currency").send().await.unwrap();
    if more {
        aws.ssm.get_parameter().name("/absent").send().await.unwrap_err();
    }
    aws.secretsmanager.create_secret().name("payment").secret_string("hidden").send().await.unwrap();
    aws.secretsmanager.get_secret_value().secret_id("payment").send().await.unwrap();
    aws.kinesis.create_stream().stream_name("orders").shard_count(1).send().await.unwrap();
    let put = aws.kinesis.put_record().stream_name("orders").partition_key("p");
    put.data(Blob::new("d")).send().await.unwrap();
    if more {
        put_records(aws).await;
    }
    put_events(aws, if more { 2 } else { 1 }).await;
    if more {
        step_functions(aws).await;
    }
    let invoke = aws.lambda.invoke().function_name("nofn").invocation_type(InvocationType::Event);
    invoke.payload(Blob::new("{}")).send().await.unwrap_err();
}

async fn put_records(aws: &Clients) {
    let record = PutRecordsRequestEntry::builder().data(Blob::new("d")).partition_key("p").build().unwrap();
    aws.kinesis.put_records().stream_name("orders").records(record).send().await.unwrap();
}

async fn put_events(aws: &Clients, count: usize) {
    let entry = PutEventsRequestEntry::builder().source("orders").detail_type("placed").detail("{}").build();
    aws.eventbridge.put_events().set_entries(Some(vec![entry; count])).send().await.unwrap();
}

async fn step_functions(aws: &Clients) {
    let definition = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#;
    let create = aws.sfn.create_state_machine().name("m").definition(definition);
    let machine = create.role_arn("arn:aws:iam::123456789012:role/r").send().await.unwrap();
    let start = aws.sfn.start_execution().state_machine_arn(machine.state_machine_arn);
    start.name("e1").input("{}").send().await.unwrap();
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}
