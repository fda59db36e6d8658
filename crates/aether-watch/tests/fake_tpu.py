"""A runtime of two chips, which PyPI's `tpu-info` asks first, as it asks real ones: what that reads is printed. Serves until
its standard input ends.

usage: fake_tpu.py CHIP     a name in tpu_info.device.TpuChip: V3 has two devices a chip, V6E one
"""
import json
import sys
from concurrent import futures

import grpc
from tpu_info import device, metrics
from tpu_info.proto import tpu_metric_service_pb2 as messages
from tpu_info.proto import tpu_metric_service_pb2_grpc as service

GIB = 2**30
CHIP = device.TpuChip[sys.argv[1]]
DEVICES = list(range(2 * CHIP.value.devices_per_chip))
SAID = {
    # In no order, as a runtime may say them.
    metrics.MetricName.TOTAL_MEMORY.value: {at: 16 * GIB + at for at in DEVICES[::-1]},
    metrics.MetricName.MEMORY_USAGE.value: {at: at * (GIB + 1) for at in DEVICES[1:] + DEVICES[:1]},
    metrics.MetricName.DUTY_CYCLE_PCT.value: {1: 12.5, 0: 99.0},
}


class Runtime(service.RuntimeMetricServiceServicer):
    def GetRuntimeMetric(self, request, context):
        if request.metric_name not in SAID:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such metric")
        answer = messages.MetricResponse()
        answer.metric.name = request.metric_name
        for number, value in SAID[request.metric_name].items():
            metric = answer.metric.metrics.add()
            metric.attribute.key = "device-id"
            metric.attribute.value.int_attr = number
            metric.timestamp.GetCurrentTime()
            if isinstance(value, int):
                metric.gauge.as_int = value
            else:
                metric.gauge.as_double = value
        return answer


server = grpc.server(futures.ThreadPoolExecutor(4))
service.add_RuntimeMetricServiceServicer_to_server(Runtime(), server)
port = server.add_secure_port("localhost:0", grpc.local_server_credentials())
server.start()
usage = metrics.get_chip_usage(CHIP, f"localhost:{port}")
print(json.dumps({"port": port, "usage": [of._asdict() for of in usage]}), flush=True)
sys.stdin.read()
