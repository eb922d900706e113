/* Who reads events must not starve behind those who make them: this process, and the engine that started it. */
#pragma once

void raise_priority(void);
