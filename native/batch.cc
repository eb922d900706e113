#include "batch.h"

namespace native
{

BatchPool::BatchPool(std::vector<uint8_t *> lent, size_t each) : memories(std::move(lent)), bytes(each)
{
	for (uint32_t slot = memories.size(); slot > 0; slot--)
		free.push_back(slot - 1);
}

std::optional<BatchPool::Batch> BatchPool::take()
{
	std::unique_lock hold(lock);
	changed.wait(hold, [this] { return closed || !free.empty(); });
	if (closed)
		return std::nullopt;
	uint32_t slot = free.back();
	free.pop_back();
	return Batch{slot, memories[slot]};
}

void BatchPool::release(uint32_t slot)
{
	{
		std::lock_guard hold(lock);
		free.push_back(slot);
	}
	changed.notify_one();
}

void BatchPool::close()
{
	{
		std::lock_guard hold(lock);
		closed = true;
	}
	changed.notify_all();
}

} // namespace native
