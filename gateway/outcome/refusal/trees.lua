-- What boosted trees add up to for one row of numbers, as `trees.py` says it in numpy.
--
-- Given how many trees there are, their depth, how many numbers a row has at most, and the addresses of nodes and
-- values, makes a function of a row of float32. Nodes stand tree by tree, level by level: an int32, which number, then
-- a float32, its threshold. Values are float64, tree by tree.
local ffi = require("ffi")

-- Without a branch, which no processor could foresee: the sign of the difference is the way.
local STEP = [=[
      at = 2 * (base + node)
      gap.number = threshold[at + 1] - row[feature[at]]
      node = 2 * node + 1 + rshift(gap.half[1], 31)]=]
local WALK = [=[
  local rshift = bit.rshift
  return function(row, feature, threshold, value, gap, count)
    local sum = 0
    local base, node, at
    for tree = 0, count - 1 do
      base, node = tree * INNER, 0
STEPS
      sum = sum + value[tree + base + node - INNER]
    end
    return sum
  end]=]

return function(count, depth, longest, nodes, values)
  local feature, threshold = ffi.cast("const int32_t*", nodes), ffi.cast("const float*", nodes)
  local value = ffi.cast("const double*", values)
  local gap = ffi.new("union { double number; int32_t half[2]; }")
  local text = WALK:gsub("INNER", 2 ^ depth - 1):gsub("STEPS", STEP:rep(depth, "\n"))
  local walk = assert(loadstring(text))()
  local row = ffi.new("float[?]", longest)
  return function(numbers)
    assert(#numbers <= 4 * longest)
    ffi.copy(row, numbers, #numbers) -- a pointer into it would not keep it from the garbage collector
    return walk(row, feature, threshold, value, gap, count)
  end
end
