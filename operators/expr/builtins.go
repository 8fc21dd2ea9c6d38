package expr

// builtins lists the families of built-in functions.
func builtins() [][]Function {
	return [][]Function{
		comparisonFunctions(),
		logicFunctions(),
		arithmeticFunctions(),
		conditionalFunctions(),
		letterFunctions(),
		partFunctions(),
		concatFunctions(),
		trimFunctions(),
		searchFunctions(),
		likeFunctions(),
		regexpFunctions(),
		nowFunctions(),
		extractFunctions(),
		formatFunctions(),
		unitFunctions(),
		mathFunctions(),
		roundFunctions(),
		constructorFunctions(),
		arrayFunctions(),
		mapFunctions(),
		hashFunctions(),
		jsonFunctions(),
		jsonQueryFunctions(),
		jsonMakers(),
		printfFunctions(),
		encodingFunctions(),
		plannerFunctions(),
	}
}
