"""azure-eventhub for Python against an emulator with TLS: questions, batches both ways, a refused partition."""
import sys
import threading

from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient

port, ca = sys.argv[1], sys.argv[2]
connection = (
    f"Endpoint=sb://localhost:{port}/;SharedAccessKeyName=RootManageSharedAccessKey;"
    "SharedAccessKey=SAS_KEY_VALUE;EntityPath=hub"
)
options = {
    "connection_verify": ca,
    "retry_total": 1,
    "custom_endpoint_address": f"sb://localhost:{port}",
}

producer = EventHubProducerClient.from_connection_string(connection, **options)
with producer:
    assert producer.get_eventhub_properties()["partition_ids"] == ["0", "1"]
    assert producer.get_partition_properties("0")["is_empty"] is True
    batch = producer.create_batch(partition_id="0")
    assert batch.max_size_in_bytes == 1048576
    for number in range(10):
        event = EventData(f"event {number}")
        event.properties = {"number": number}
        batch.add(event)
    producer.send_batch(batch)
    assert producer.get_partition_properties("0")["last_enqueued_sequence_number"] == 9
    try:
        producer.send_batch([EventData("nowhere")], partition_id="99")
        raise SystemExit("a partition that is not there took an event")
    except Exception as error:
        assert "Invalid partition" in str(error), error

received = []
consumer = EventHubConsumerClient.from_connection_string(connection, "$Default", **options)


def on_event(_context, event):
    received.append(event)
    if len(received) == 10:
        threading.Thread(target=consumer.close).start()


consumer.receive(on_event=on_event, partition_id="0", starting_position="-1")
assert [event.body_as_str() for event in received] == [f"event {number}" for number in range(10)]
assert [event.sequence_number for event in received] == list(range(10))
assert received[3].properties[b"number"] == 3
print("ok")
