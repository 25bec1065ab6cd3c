"""Prints what an account holds, of each kind that a stack of ours has: JSON, names by kind. In Python, because the aws CLI would be
started for each of them, and takes a second for that."""

import json

import botocore.session
import jmespath

LISTS = {
    "stacks": ("cloudformation", "list_stacks", "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName"),
    "queues": ("sqs", "list_queues", "QueueUrls[]"),
    "tables": ("dynamodb", "list_tables", "TableNames[]"),
    "functions": ("lambda", "list_functions", "Functions[].FunctionName"),
    "event source mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings[].EventSourceArn"),
    "buses": ("events", "list_event_buses", "EventBuses[].Name"),
    "rules": ("events", "list_rules", "Rules[].Name"),
    "APIs": ("apigatewayv2", "get_apis", "Items[].Name"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList[].Name"),
    "key aliases": ("kms", "list_aliases", "Aliases[].AliasName"),
    "roles": ("iam", "list_roles", "Roles[].RoleName"),
    "log groups": ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
}

session = botocore.session.get_session()


def names_of(service, operation, where):
    client = session.create_client(service)
    pages = client.get_paginator(operation).paginate() if client.can_paginate(operation) else [getattr(client, operation)()]
    return sorted(name for page in pages for name in jmespath.search(where, page) or [])


print(json.dumps({kind: names_of(*how) for kind, how in LISTS.items()}))
