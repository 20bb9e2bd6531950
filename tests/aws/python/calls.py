"""The calls of `calls.rs`, made with boto3 and traced by Powertools, in the same order."""

import boto3
from aws_lambda_powertools import Tracer
from botocore.config import Config
from botocore.exceptions import ClientError

tracer = Tracer(service="order-service")

CONFIG = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


def client(name):
    return boto3.client(name, config=CONFIG)


def fails(call, **arguments):
    try:
        call(**arguments)
    except ClientError:
        return
    raise AssertionError(f"{arguments} is no error")


def dynamodb():
    db = client("dynamodb")
    key = {"order_id": {"S": "ORD-1"}}
    db.list_tables()
    db.describe_table(TableName="orders")
    db.put_item(TableName="orders", Item={**key, "n": {"N": "1"}}, ReturnConsumedCapacity="TOTAL")
    db.get_item(TableName="orders", Key=key, ConsistentRead=True, ProjectionExpression="n")
    db.update_item(
        TableName="orders",
        Key=key,
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "2"}},
        ReturnConsumedCapacity="TOTAL",
    )
    db.query(
        TableName="orders",
        KeyConditionExpression="order_id = :id",
        ExpressionAttributeValues={":id": key["order_id"]},
        Limit=5,
    )
    db.scan(TableName="orders", Limit=2)
    db.batch_get_item(RequestItems={"orders": {"Keys": [key]}}, ReturnConsumedCapacity="TOTAL")
    item = {"PutRequest": {"Item": {"order_id": {"S": "ORD-2"}}}}
    db.batch_write_item(
        RequestItems={"orders": [item]},
        ReturnConsumedCapacity="INDEXES",
        ReturnItemCollectionMetrics="SIZE",
    )
    put = {"Put": {"TableName": "orders", "Item": {"order_id": {"S": "ORD-3"}}}}
    db.transact_write_items(TransactItems=[put])
    db.delete_item(TableName="orders", Key={"order_id": {"S": "ORD-3"}})
    fails(db.get_item, TableName="absent", Key=key)
    fails(
        db.put_item,
        TableName="orders",
        Item=key,
        ConditionExpression="attribute_not_exists(order_id)",
    )
    db.create_table(
        TableName="more",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
    )
    db.query(
        TableName="orders",
        KeyConditionExpression="order_id = :id",
        ExpressionAttributeValues={":id": key["order_id"]},
        ConsistentRead=True,
        ProjectionExpression="n",
        ScanIndexForward=False,
        ReturnConsumedCapacity="TOTAL",
    )
    db.scan(TableName="orders", Select="COUNT", Segment=0, TotalSegments=2)
    db.delete_table(TableName="more")


def s3():
    s3 = client("s3")
    receipt = {"Bucket": "order-receipts", "Key": "a b/\u00fc.txt"}
    s3.list_buckets()
    s3.put_object(**receipt, Body=b"x")
    s3.get_object(**receipt)["Body"].read()
    s3.head_object(**receipt)
    s3.list_objects_v2(Bucket="order-receipts")
    s3.copy_object(Bucket="order-receipts", Key="c", CopySource=receipt)
    s3.delete_object(Bucket="order-receipts", Key="c")
    fails(s3.get_object, Bucket="order-receipts", Key="absent")
    fails(s3.list_objects_v2, Bucket="absent", Prefix="a/")
    s3.create_bucket(Bucket="more")
    s3.head_bucket(Bucket="more")
    s3.delete_bucket(Bucket="more")


def sqs():
    sqs = client("sqs")
    queue = sqs.get_queue_url(QueueName="fulfillment")["QueueUrl"]
    sqs.send_message(
        QueueUrl=queue,
        MessageBody="one",
        MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}},
    )
    entries = [{"Id": str(number), "MessageBody": "many"} for number in range(3)]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=2)["Messages"]
    for message in received:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn", "VisibilityTimeout"])
    sqs.receive_message(
        QueueUrl=queue,
        VisibilityTimeout=7,
        WaitTimeSeconds=0,
        MessageSystemAttributeNames=["AWSTraceHeader"],
        MessageAttributeNames=["All"],
    )
    sqs.list_queues(QueueNamePrefix="ful")
    fails(sqs.get_queue_url, QueueName="absent")
    sqs.create_queue(QueueName="more", Attributes={"VisibilityTimeout": "9"})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "8"})
    sqs.purge_queue(QueueUrl=queue)


def others():
    sns = client("sns")
    topic = sns.create_topic(Name="t1")["TopicArn"]
    sns.publish(TopicArn=topic, Message="m")
    fails(sns.publish, TopicArn=f"{topic}-absent", Message="m")
    client("sts").get_caller_identity()
    ssm = client("ssm")
    ssm.put_parameter(Name="/orders/currency", Value="EUR", Type="String")
    ssm.get_parameter(Name="/orders/currency")
    fails(ssm.get_parameter, Name="/absent")
    secrets = client("secretsmanager")
    secrets.create_secret(Name="payment", SecretString="hidden")
    secrets.get_secret_value(SecretId="payment")
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    kinesis.put_record(StreamName="orders", Data=b"d", PartitionKey="p")
    kinesis.put_records(StreamName="orders", Records=[{"Data": b"d", "PartitionKey": "p"}])
    entry = {"Source": "orders", "DetailType": "placed", "Detail": "{}"}
    client("events").put_events(Entries=[entry, entry])
    states = client("stepfunctions")
    definition = '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}'
    role = "arn:aws:iam::123456789012:role/r"
    machine = states.create_state_machine(name="m", definition=definition, roleArn=role)
    states.start_execution(stateMachineArn=machine["stateMachineArn"], name="e1", input="{}")
    fails(client("lambda").invoke, FunctionName="nofn", InvocationType="Event", Payload=b"{}")


@tracer.capture_lambda_handler
def handler(event, context):
    dynamodb()
    s3()
    sqs()
    others()


handler({}, None)
