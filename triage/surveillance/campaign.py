"""Many reports of few voices: a possible campaign. It holds alarms back for a look, and never holds a report."""

from triage.surveillance.counts import Truth, Whole

REPORTS_A_VOICE = 3  # from so many raw reports for each voice on; the operator's brief, no measurement


def possible_campaign(reports: Whole, voices: Whole) -> Truth:
    """Whether each holds at least three times as many raw reports as voices; nothing is no campaign.

    >>> import numpy as np
    >>> possible_campaign(np.array([30, 29, 0, 1000]), np.array([10, 10, 0, 0])).tolist()
    [True, False, False, True]
    """
    return (reports > 0) & (reports >= REPORTS_A_VOICE * voices)
