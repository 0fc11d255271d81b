"""The texts of the sample data: four cases with eight artifacts each, the better ones first.

Each artifact is (evaluated text, reference or None, quality 0..1). The quality steers the made-up scores.
"""

from __future__ import annotations

from typing import NamedTuple

ArtifactText = tuple[str, str | None, float]


class CaseText(NamedTuple):
    """What a sample case says."""

    name: str
    description: str
    introduction: str
    criteria: str
    low: int
    high: int
    requires_reference: bool
    threshold: float
    artifacts: tuple[ArtifactText, ...]


ANSWERS = CaseText(
    "answer correctness",
    "Answers of the help assistant against the answer that the documentation gives.",
    "You are given the reference answer to a question about a product and the answer that an assistant gave. "
    "Rate how correct the assistant's answer is.",
    "Correctness (1-5). 5: every statement agrees with the reference and nothing that matters is missing. "
    "4: right, with a small omission. 3: partly right. 2: mostly wrong or misleading. 1: wrong, or no answer.",
    1,
    5,
    True,
    0.5,
    (
        (
            "Exports keep the filters that you see on the page. To export everything, clear the filters first, then "
            "choose Export and CSV. Files over 10,000 rows arrive by e-mail.",
            "Export uses the current filters. Clear them to export everything. Above 10,000 rows the file is sent by "
            "e-mail.",
            0.97,
        ),
        (
            "An API key is shown once, when you create it. If you lost it, create a new one and delete the old one; "
            "keys cannot be shown again.",
            "Keys are shown only at creation. A lost key is replaced by a new one; the old one should be deleted.",
            0.95,
        ),
        (
            "You can change the owner of a project under Settings, Members. The present owner has to confirm.",
            "Project ownership is moved under Settings, Members. The present owner must confirm by e-mail within a "
            "day.",
            0.82,
        ),
        (
            "Invoices are issued on the first of each month and can be found under Billing.",
            "Invoices are issued on the day of the month on which the subscription began, and are under Billing.",
            0.55,
        ),
        (
            "Webhooks are retried three times. After that you have to send the event again from the log.",
            "Webhooks are retried with growing pauses for 24 hours; failed deliveries can be repeated from the log.",
            0.48,
        ),
        (
            "Deleted items stay in the bin for 90 days, so there is no need to hurry.",
            "Deleted items stay in the bin for 30 days.",
            0.22,
        ),
        (
            "Single sign-on is included in every plan, you only need to switch it on.",
            "Single sign-on is part of the Business plan and needs a verified domain.",
            0.12,
        ),
        ("I am not sure. You could ask in the forum.", "The limit is 600 requests per minute and key.", 0.05),
    ),
)

SUMMARIES = CaseText(
    "summary faithfulness",
    "Summaries of incident reports: nothing may be said that the report does not say.",
    "You are given an incident report and a summary of it. Rate how faithful the summary is to the report.",
    "Faithfulness (1-5). 5: every statement is supported by the report. 3: one unsupported detail. "
    "1: the summary contradicts the report or invents facts. Length and style do not count.",
    1,
    5,
    True,
    0.6,
    (
        (
            "From 09:12 to 09:47 UTC uploads failed for about a fifth of users after a certificate expired. A new "
            "certificate was installed and expiry alerts were added.",
            "Between 09:12 and 09:47 UTC roughly 20% of upload requests failed. Cause: the certificate of the storage "
            "gateway had expired. Fix: certificate replaced. Follow-up: alerts 30 and 7 days before expiry.",
            0.96,
        ),
        (
            "A slow query after the release locked the orders table for eleven minutes; the release was rolled back.",
            "Release 214 introduced a query without an index. The orders table was locked for 11 minutes. The release "
            "was rolled back and an index added before release 215.",
            0.9,
        ),
        (
            "Search results were stale for two hours because the indexer had stopped. It was restarted.",
            "The indexer stopped at 02:10 UTC after running out of disk. Search was up to two hours behind. Disk was "
            "added and the indexer restarted.",
            0.84,
        ),
        (
            "E-mails were delayed by up to an hour; no message was lost. The provider confirmed an outage.",
            "Outgoing e-mail was delayed by up to 55 minutes. The provider reported degraded service. 12 messages "
            "bounced and were sent again.",
            0.5,
        ),
        (
            "Login failed worldwide for 40 minutes because of a denial-of-service attack.",
            "Login failed in the European region for 40 minutes after a wrong firewall rule was applied.",
            0.15,
        ),
        (
            "Reports showed wrong totals for March. The customer data was deleted by mistake and restored.",
            "Reports showed wrong totals for March because of a time zone error. No data was changed.",
            0.08,
        ),
        (
            "The cache was cleared during peak hours, which doubled response times for six minutes.",
            "At 14:03 UTC the cache was flushed by a deployment script. Response times doubled for six minutes.",
            0.93,
        ),
        (
            "Payments were unavailable in two countries for an hour; affected customers got a refund.",
            "Card payments failed in two countries for 58 minutes. No money was taken, so no refunds were needed.",
            0.35,
        ),
    ),
)

TONE = CaseText(
    "support tone",
    "Replies to customers: friendly, calm and to the point.",
    "You are given a reply of a support team to a customer. Rate its tone.",
    "Tone (1-5). 5: warm, respectful, takes the problem seriously and says what happens next. 3: correct but cold. "
    "1: rude, dismissive or blaming the customer.",
    1,
    5,
    False,
    0.5,
    (
        (
            "Thank you for writing, and sorry for the trouble with the invoice. I have corrected it; the new one is "
            "in your account now. If anything is still wrong, just answer this message.",
            None,
            0.96,
        ),
        (
            "I understand that waiting for three days is annoying. The parcel is at the depot and will be delivered "
            "tomorrow. I will check in the afternoon and write to you.",
            None,
            0.93,
        ),
        ("The setting is under Account, Privacy. Please let us know if you cannot find it.", None, 0.74),
        ("Your request was received and will be processed in due course.", None, 0.46),
        ("We cannot help with this. See the documentation.", None, 0.24),
        ("As written in the terms that you accepted, this is not our responsibility.", None, 0.14),
        ("Did you even read the instructions?", None, 0.03),
        ("Happy to help! Restart the app, then sign in again. It takes about a minute.", None, 0.88),
    ),
)

EXPLANATIONS = CaseText(
    "explanation clarity",
    "Explanations of code changes for readers who did not write them.",
    "You are given an explanation of a code change. Rate how clear it is to an engineer who does not know the code.",
    "Clarity (1-10). 10: says what changed, why, and what to watch, in plain words. 5: understandable with effort. "
    "1: cannot be understood.",
    1,
    10,
    False,
    0.55,
    (
        (
            "Retries now wait a random time between 0 and twice the last wait, at most one second. Before, all "
            "clients retried at the same moment and overloaded the service again after each outage.",
            None,
            0.95,
        ),
        (
            "The lookup table is built once at start instead of on every request. Start takes 40 ms longer; a "
            "request takes 3 ms less.",
            None,
            0.92,
        ),
        ("Renames `process` to `settle_invoice`, because it settles one invoice. No change of behaviour.", None, 0.87),
        ("Moves the parser into its own module and fixes the bug with empty lines (and some others).", None, 0.55),
        ("Refactoring of the handler, see ticket.", None, 0.28),
        ("Various fixes and improvements.", None, 0.1),
        ("The monoid of the reducer is lifted so that the fold commutes with the effect.", None, 0.32),
        (
            "Checks the size before reading the file, so that a very large upload is refused early instead of "
            "filling the memory. The limit is a setting.",
            None,
            0.9,
        ),
    ),
)

CASES = (ANSWERS, SUMMARIES, TONE, EXPLANATIONS)
