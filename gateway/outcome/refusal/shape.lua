-- What a stretch of text looks like, as `shape.py` says it in numpy.
--
-- Given the address of the uint8 mark of each 16-bit code and the most letters of a text, makes a function of letters
-- (uint32) and how many of the last are its end. It returns as float64: the ten numbers of the whole, the ten of the
-- end, the end's variety.
local ffi, bit = require("ffi"), require("bit")
local rshift, band = bit.rshift, bit.band

local RARE, LINE, LOWER, UPPER, DIGIT, IDEOGRAPH, FOREIGN, CODE, QUOTE = 0, 2, 3, 4, 5, 6, 7, 9, 10
local MARKS, NONE, FIELDS = 16, 15, 10
local LEAST = 50 -- letters that a stretch counts as, so that a short one is not all this or that
local RUN, SLOTS = 4, 1024 -- letters of a run; places for the different ones, three times as many as an end has
local MIX = 0x9E3779B97F4A7C15ULL

return function(marks, longest)
  marks = ffi.cast("const uint8_t*", marks)
  local letters = ffi.new("uint32_t[?]", longest)
  local seen, pairs_of = ffi.new("uint8_t[?]", longest), ffi.new("int32_t[?]", MARKS * MARKS)
  local out = ffi.new("double[?]", 2 * FIELDS + 1)
  local last, slots, taken = ffi.new("uint64_t[1]"), ffi.new("uint64_t[?]", SLOTS), ffi.new("uint8_t[?]", SLOTS)

  local function beside(left, right)
    return pairs_of[MARKS * left + right]
  end

  local function count(mark)
    local found = 0
    for left = 0, NONE do found = found + beside(left, mark) end
    return found
  end

  local function shape(first, stop, where)
    ffi.fill(pairs_of, MARKS * MARKS * 4)
    local before = NONE
    for at = first, stop - 1 do
      local both = MARKS * before + seen[at]
      pairs_of[both] = pairs_of[both] + 1
      before = seen[at]
    end
    local size = math.max(stop - first, LEAST)
    local each = 100 / size
    local switches = beside(LOWER, IDEOGRAPH) + beside(UPPER, IDEOGRAPH)
      + beside(IDEOGRAPH, LOWER) + beside(IDEOGRAPH, UPPER)
    out[where] = count(IDEOGRAPH) / size
    out[where + 1], out[where + 2] = count(FOREIGN) * each, count(RARE) * each
    out[where + 3], out[where + 4] = count(CODE) * each, count(DIGIT) * each
    out[where + 5], out[where + 6] = count(QUOTE) * each, count(LINE) * each
    out[where + 7], out[where + 8] = count(UPPER) * each, switches * each
    out[where + 9] = (beside(LOWER, UPPER) + beside(LOWER, DIGIT)) * each
  end

  -- Different runs as a share of all.
  local function variety(first, stop)
    if stop - first < 2 * RUN then return 1 end
    ffi.fill(taken, SLOTS)
    local different = 0
    last[0] = 0
    for at = first, first + RUN - 2 do last[0] = last[0] * 65536ULL + math.min(letters[at], 65535) end
    for at = first + RUN - 1, stop - 1 do
      local run = last[0] * 65536ULL + math.min(letters[at], 65535) -- what stood before falls out on the left
      last[0] = run
      local slot = tonumber(rshift(run * MIX, 54))
      while taken[slot] == 1 and slots[slot] ~= run do slot = band(slot + 1, SLOTS - 1) end
      if taken[slot] == 0 then
        slots[slot], taken[slot] = run, 1
        different = different + 1
      end
    end
    return different / (stop - first - RUN + 1)
  end

  return function(text, ending)
    local length = #text / 4
    assert(length <= longest and ending <= length)
    ffi.copy(letters, text, #text) -- a pointer into it would not keep it from the garbage collector
    for at = 0, length - 1 do seen[at] = marks[math.min(letters[at], 65535)] end
    shape(0, length, 0)
    shape(length - ending, length, FIELDS)
    out[2 * FIELDS] = variety(length - ending, length)
    return ffi.string(out, (2 * FIELDS + 1) * 8)
  end
end
