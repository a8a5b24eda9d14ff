/** The parts of Anthropic's Messages API that the service reads; all else passes through unread. */
