-- What is to be ended or forgotten, and when. A reservation is written down once, when it is made, in a chunk of about
-- 16: as long as it has room it lies in `d`, which every operation reads anyway, and then under a name of its own. A chunk
-- is looked at when the first of its open reservations may expire, and, when none is open any more, once the last has
-- been ended for as long as ended ones are remembered: then all of them are forgotten.
--
--   d in the hash   DUE, then the chunk that has room
--   cN in the hash  another chunk: fields of reservations, SEPARATOR after each
--   {otb}:q         the fields of these chunks, by the instant at which something is to be done

-- nothing is to be done before this instant; of the chunk that has room alone; number of the next chunk
local DUE = '<ddd'
local DUE_SIZE = 24
local SEPARATOR = '\0\0' -- which no field holds
local FULL = 600
local CHUNKS = 8 -- that one operation looks at, at most

-- End and forget what is due of the reservations in `chunk`. Returns the chunk as it is now, when there is more to do, how
-- many were ended.
local function visited(chunk, space, now, horizon)
  local ids, pos, count = {}, 1, 0
  while pos <= #chunk do
    local until_ = find(chunk, SEPARATOR, pos, true)
    ids[#ids + 1] = sub(chunk, pos, until_ - 1)
    pos = until_ + 2
  end
  if not ids[1] then return chunk, huge, 0 end
  local blobs = call('HMGET', space.hash, unpack(ids))
  local soonest, forgotten = huge, 0
  for i = 1, #ids do
    local blob = blobs[i]
    if blob then
      local state, _, _, expires = unpack_(HEAD, blob)
      if state == OPEN then
        if expires <= now then
          finish(space, blob, EXPIRED, expires, ids[i], nil, {}, {})
          count = count + 1
          forgotten = max(forgotten, expires + horizon)
        else
          soonest = min(soonest, expires)
        end
      else
        forgotten = max(forgotten, expires + horizon)
      end
    end
  end
  if soonest < huge then return chunk, soonest, count end
  if forgotten > now then return chunk, forgotten, count end
  call('HDEL', space.hash, unpack(ids))
  return '', huge, count
end

-- Do what is due, or some of it. Returns how many reservations were ended, and whether there may be more.
local function tend(space, now, horizon)
  local total, fields = 0, call('ZRANGEBYSCORE', space.queue, '-inf', now, 'LIMIT', 0, CHUNKS)
  for i = 1, #fields do
    local chunk, at, count = visited(call('HGET', space.hash, fields[i]) or '', space, now, horizon)
    total = total + count
    if chunk == '' then
      call('HDEL', space.hash, fields[i])
      call('ZREM', space.queue, fields[i])
    else
      call('ZADD', space.queue, at, fields[i])
    end
  end
  local own = call('HGET', space.hash, 'd')
  if own then
    local _, first, number = unpack_(DUE, own)
    local chunk, count = sub(own, DUE_SIZE + 1), 0
    if first <= now then chunk, first, count = visited(chunk, space, now, horizon) end
    total = total + count
    local next_ = call('ZRANGE', space.queue, 0, 0, 'WITHSCORES')
    local due = min(first, next_[2] and tonumber(next_[2]) or huge)
    call('HSET', space.hash, 'd', pack(DUE, due, first, number) .. chunk)
  end
  return total, #fields == CHUNKS
end

-- What lies in `d` and in the fields that `argv` names from `at` on, after what is due is done; then what DUE says.
-- `asked` begins with the horizon.
local function fetched(space, argv, at, now, asked)
  local got = call('HMGET', space.hash, 'd', unpack(argv, at))
  if not got[1] then return got, huge, huge, 0 end
  local due, first, number = unpack_(DUE, got[1])
  if due <= now then
    tend(space, now, (unpack_('<d', asked)))
    got = call('HMGET', space.hash, 'd', unpack(argv, at))
    due, first, number = unpack_(DUE, got[1])
  end
  return got, due, first, number
end

-- The value of `d` after the reservation `id` was added to `own`, where `due`, `first` and `number` stand.
local function queued(space, own, due, first, number, id, expires)
  if not own then
    own = pack(DUE, expires, expires, 0)
  elseif #own > FULL then
    local field = 'c' .. format('%.0f', number)
    call('HSET', space.hash, field, sub(own, DUE_SIZE + 1))
    call('ZADD', space.queue, first, field)
    own = pack(DUE, min(due, expires), expires, number + 1)
  elseif expires < first then
    own = pack(DUE, min(due, expires), expires, number) .. sub(own, DUE_SIZE + 1)
  end
  return own .. id .. SEPARATOR
end
