"""Items as the system before this one wrote them: naive times, Maps, no revision, no summary attributes."""

from __future__ import annotations

from typing import Any

from console.data.store import tables
from console.data.store.codec import Item
from console.data.store.store import Store


def old_case(case_id: str = "old-case", name: str = "Fluency", version: str = "1.0", **attributes: Any) -> Item:
    """A case that keeps its threshold history inside."""
    return {
        "partitionKey": {"S": case_id},
        "sortKey": {"S": version},
        "active": {"S": "true"},
        "caseId": {"S": case_id},
        "name": {"S": name},
        "description": {"S": ""},
        "taskIntroduction": {"S": "You judge a summary."},
        "evaluationCriteria": {"S": "Is it fluent?"},
        "scoreRange": {"M": {"min": {"N": "1"}, "max": {"N": "3"}}},
        "requiresReference": {"BOOL": False},
        "currentThreshold": {"N": "0.7"},
        "thresholdHistory": {
            "L": [
                {
                    "M": {
                        "thresholdId": {"S": "t-1"},
                        "score": {"N": "0.5"},
                        "createdBy": {"S": "system"},
                        "reason": {"S": "Initial threshold"},
                        "createdAt": {"S": "2025-08-01T10:00:00.000001"},
                    }
                },
                {
                    "M": {
                        "thresholdId": {"S": "t-2"},
                        "score": {"N": "0.7"},
                        "createdBy": {"S": "bea"},
                        "reason": {"S": "Too lenient"},
                        "createdAt": {"S": "2025-08-02T10:00:00"},
                    }
                },
            ]
        },
        "metadata": {"M": {"seenAt": {"S": "Room 5"}, "weight": {"N": "2"}}},
        "versionTag": {"S": version},
        "createdBy": {"S": "system"},
        "createdOn": {"S": "2025-08-01T10:00:00.000001"},
        "lastUpdatedBy": {"S": "bea"},
        "lastUpdatedOn": {"S": "2025-08-02T10:00:00"},
        **attributes,
    }


def old_judge(judge_id: str = "old-judge", case_id: str = "old-case", **attributes: Any) -> Item:
    """A judge whose parameters are in columns only."""
    return {
        "partitionKey": {"S": judge_id},
        "sortKey": {"S": "1.0"},
        "active": {"S": "true"},
        "judgeId": {"S": judge_id},
        "name": {"S": "Fluency Judge"},
        "description": {"S": ""},
        "caseId": {"S": case_id},
        "caseName": {"S": "Fluency"},
        "metric": {
            "M": {"id": {"S": "m-1"}, "type": {"S": "geval"}, "name": {"S": "G-Eval"}, "configuration": {"M": {}}}
        },
        "llm": {
            "M": {
                "id": {"S": "l-1"},
                "type": {"S": "openai"},
                "model": {"S": "gpt-4o-2024-08-06"},
                "temperature": {"N": "1"},
                "maxTokens": {"N": "500"},
                "topP": {"N": "1"},
                "frequencyPenalty": {"N": "0"},
                "presencePenalty": {"N": "0"},
            }
        },
        "evaluationParameters": {
            "M": {"nResponses": {"N": "5"}, "sleepTime": {"N": "0"}, "rateLimitSleep": {"N": "0.5"}}
        },
        "versionTag": {"S": "1.0"},
        "createdBy": {"S": "system"},
        "createdOn": {"S": "2025-08-01T10:00:00"},
        "lastUpdatedBy": {"S": "system"},
        "lastUpdatedOn": {"S": "2025-08-01T10:00:00"},
        **attributes,
    }


def old_run(
    run_id: str = "3f2c9a54-5c1b-4a8e-9a3e-8f3f1c2d4e5f", started: str = "2025-08-03T09:00:00.5", **attributes: Any
) -> Item:
    """A completed run with a UUID, its whole content in one item and no summary attributes."""
    judge = {name: value for name, value in old_judge().items() if name in ("metric", "llm", "evaluationParameters")}
    return {
        "partitionKey": {"S": f"RUN#{run_id}"},
        "sortKey": {"S": started},
        "runId": {"S": run_id},
        "runDate": {"S": started[:10]},
        "startedAt": {"S": started},
        "completedAt": {"S": "2025-08-03T09:00:07.25"},
        "status": {"S": "completed"},
        "evaluationStatus": {"S": "pass"},
        "judgeId": {"S": "old-judge"},
        "caseId": {"S": "old-case"},
        "judgeSnapshot": {
            "M": {
                "judgeId": {"S": "old-judge"},
                "judgeName": {"S": "Fluency Judge"},
                "version": {"S": "1.0"},
                "caseId": {"S": "old-case"},
                "caseName": {"S": "Fluency"},
                "taskIntroduction": {"S": "You judge a summary."},
                "evaluationCriteria": {"S": "Is it fluent?"},
                "requiresReference": {"BOOL": False},
                "scoreRange": {"M": {"min": {"N": "1"}, "max": {"N": "3"}}},
                **judge,
            }
        },
        "evaluatedArtifact": {
            "M": {
                "evaluationTarget": {"S": "The cat sat."},
                "expectedOutput": {"S": "A cat sat."},
                "metadata": {"M": {"createdAt": {"S": "2025-08-03"}, "settings": {"S": "none"}}},
            }
        },
        "results": {
            "M": {
                "finalScore": {"N": "2.5"},
                "finalScoreNormalized": {"N": "0.75"},
                "allResponses": {"L": [{"N": "2"}, {"N": "3"}]},
                "promptUsed": {"S": "Judge this."},
                "tokenUsage": {"M": {"prompt": {"N": "90"}, "completion": {"N": "10"}, "total": {"N": "100"}}},
                "executionTimeSeconds": {"N": "6.75"},
            }
        },
        **attributes,
    }


def create_tables_projecting_all(store: Store) -> None:
    """The tables as the earlier system made them: every index holds whole items."""
    for table in tables.TABLES:
        definition = table.definition(store.name(table.name))
        for index in definition.get("GlobalSecondaryIndexes", []):
            index["Projection"] = {"ProjectionType": "ALL"}
        store.call("create_table", **definition)
